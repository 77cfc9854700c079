import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from '@mantine/core';

/** Mantine's dark greys, a shade bluer: the castle at night. */
const dark: MantineColorsTuple = [
  '#d6d9e4',
  '#b4b9ca',
  '#969cb0',
  '#666d84',
  '#3d435a',
  '#303548',
  '#262a3b',
  '#1b1e2c',
  '#141723',
  '#0d0f18',
];

export const theme = createTheme({
  primaryColor: 'indigo',
  primaryShade: { light: 7, dark: 7 },
  defaultRadius: 'md',
  autoContrast: true,
  colors: { dark },
  fontFamily: "Inter, ui-sans-serif, system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif",
  headings: { fontWeight: '650' },
  cursorType: 'pointer',
  respectReducedMotion: true,
  // By name: naming the components themselves would load them with the first screen.
  components: {
    // Readers are told of no child of a menu that is none of its items.
    Menu: { defaultProps: { withInitialFocusPlaceholder: false } },
    // Below the header when alerts are in it, which are behind nothing.
    Modal: {
      defaultProps: {
        closeButtonProps: { 'aria-label': 'Close' },
        // Its header is the banner of no page.
        attributes: { header: { role: 'presentation' } },
        yOffset: 'max(5dvh, calc(var(--app-shell-header-height, 0px) * var(--alert-shown, 0) + 12px))',
      },
    },
    // One voice: what a toast says is said by the live region of the page.
    Notification: { defaultProps: { closeButtonProps: { 'aria-label': 'Close' }, role: 'group' } },
    Paper: { defaultProps: { radius: 'md' } },
    Select: { defaultProps: { comboboxProps: { shadow: 'md' } } },
  },
});

/** Secondary text that can still be read: Mantine's own is a shade too faint for small letters. */
export const resolveReadableVariables: CSSVariablesResolver = (resolved) => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': '#5c636a',
    '--mantine-color-placeholder': '#757c84',
    '--mantine-color-error': resolved.colors.red[9],
    '--mantine-color-anchor': resolved.colors.indigo[8],
  },
  dark: {
    '--mantine-color-dimmed': '#a9afc2',
    '--mantine-color-placeholder': '#8f96ac',
    '--mantine-color-error': resolved.colors.red[4],
    '--mantine-color-anchor': resolved.colors.indigo[3],
  },
});
