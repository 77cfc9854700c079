/** Below which path the server is, as its page says: nothing, or such as `/owl`. */
export const basePath = document.querySelector<HTMLMetaElement>('meta[name="owlpost-base-path"]')?.content ?? '';

/** An address of this server, from its path. */
export function addBasePathTo(path: string): string {
  return basePath + path;
}
