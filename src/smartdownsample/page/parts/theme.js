const theme = find("#theme");
const systemTheme = matchMedia("(prefers-color-scheme: dark)");

function followSystem() {
  delete document.documentElement.dataset.theme;
  theme.setAttribute("aria-pressed", systemTheme.matches);
}

theme.hidden = false;
theme.addEventListener("click", () => {
  const isDark = theme.getAttribute("aria-pressed") !== "true";
  document.documentElement.dataset.theme = isDark ? "dark" : "light";
  theme.setAttribute("aria-pressed", isDark);
});
systemTheme.addEventListener("change", followSystem);
followSystem();
