// Runs before anything is painted, so that a page never flashes in the other theme. Not a module: those come later.
(() => {
  const root = document.documentElement;
  const kept = (/** @type {string} */ name) => {
    try {
      return localStorage.getItem(`powderkeg.${name}`);
    } catch {
      return null; // storage can be forbidden; the page works without
    }
  };
  const prefers = matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
  const theme = kept("theme");
  const preset = kept("preset");
  root.dataset.theme = theme === "light" || theme === "dark" ? theme : prefers;
  root.dataset.preset = preset === "western" || preset === "inverted" ? preset : "default";
})();
