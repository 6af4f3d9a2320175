// The page of a finished answer: lets the browser that bought it erase it.

import { answers, eraser } from "./history.js";

const place = document.querySelector("[data-mine]");
const mine = answers().find(({ report }) => report === location.pathname);
if (mine) {
  eraser(place.querySelector("[data-erase]"), place.dataset.root, () => mine, () => location.reload());
  place.hidden = false;
}
