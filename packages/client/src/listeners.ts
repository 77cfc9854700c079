/** Listeners by the name of what they listen to. */
export class ListenersByName {
  readonly #byName = new Map<string, Set<(...values: never[]) => void>>();

  /** Answers how to stop listening. */
  add(name: string, listener: (...values: never[]) => void): () => void {
    const listeners = this.#byName.get(name) ?? new Set();
    this.#byName.set(name, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  /** Calls every listener. One that throws keeps the others from nothing: it is reported as an error that nobody caught. */
  tell(name: string, ...values: unknown[]): void {
    for (const listener of [...(this.#byName.get(name) ?? [])]) {
      try {
        listener(...(values as never[]));
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
