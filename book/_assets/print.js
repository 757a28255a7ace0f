// Paper is white: a page in dark colours prints in light ones and turns dark again.
const shown = document.documentElement.dataset;
let onScreen;
addEventListener("beforeprint", () => {
  onScreen = shown.theme;
  shown.theme = "light";
});
addEventListener("afterprint", () => {
  shown.theme = onScreen;
});
