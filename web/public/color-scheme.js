// Runs before the first paint, so that a dark room is not lit up. A file of its own: inline scripts are not allowed.
(function () {
  var scheme = 'auto';
  try {
    scheme = localStorage.getItem('mantine-color-scheme-value') || 'auto';
  } catch {
    // Storage may be forbidden; the system's preference decides then.
  }
  var dark = scheme === 'dark' || (scheme === 'auto' && matchMedia('(prefers-color-scheme: dark)').matches);
  var root = document.documentElement;
  root.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light');
  // Paper is white: the light letters of the dark scheme would not be seen on it.
  var screenScheme = null;
  matchMedia('print').addEventListener('change', function (change) {
    if (change.matches) screenScheme = root.getAttribute('data-mantine-color-scheme');
    var next = change.matches ? 'light' : screenScheme;
    if (next) root.setAttribute('data-mantine-color-scheme', next);
  });
})();
