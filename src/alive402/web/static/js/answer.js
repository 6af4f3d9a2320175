// Shows a paid answer: the article of the service's report page, with pictures of the local file.

import { Problem } from "./problem.js";
import { drawFrames } from "./strip.js";

// Loads the sheet of answers, once.
function styled() {
  const { href } = new URL("../css/answer.css", import.meta.url);
  if (document.head.querySelector(`link[href="${href}"]`)) return null;
  const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href });
  return new Promise((resolve) => {
    link.onload = link.onerror = resolve;
    document.head.append(link);
  });
}

// Puts the report at the path `report` into `place`; `file` is the local file and `data` the call's answer, or null.
export async function showAnswer(place, report, file, data) {
  let page;
  const styles = styled();
  try {
    const response = await fetch(report, { cache: "no-store" });
    page = response.ok ? new DOMParser().parseFromString(await response.text(), "text/html") : null;
  } catch {
    page = null;
  }
  const article = page?.getElementById("answer");
  if (!article) throw new Problem("answer_lost");
  await styles;
  place.replaceChildren(document.adoptNode(article));
  await drawFrames(article, file, data);
}
