// The button says what it will do.

const theme = find("#theme");
const systemTheme = matchMedia("(prefers-color-scheme: dark)");

const isDark = () => (document.documentElement.dataset.theme ?? (systemTheme.matches ? "dark" : "light")) === "dark";

function nameTheme() {
  theme.textContent = `Switch to ${isDark() ? "light" : "dark"}`;
}

theme.hidden = false;
theme.addEventListener("click", () => {
  document.documentElement.dataset.theme = isDark() ? "light" : "dark";
  nameTheme();
});
systemTheme.addEventListener("change", () => {
  delete document.documentElement.dataset.theme;
  nameTheme();
});
nameTheme();
