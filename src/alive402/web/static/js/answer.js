// Shows a paid answer: the article of the service's report page, with pictures of the local video.

import { here } from "./call.js";
import { Problem } from "./problem.js";
import { drawStrip } from "./strip.js";

// Puts the report of `body`, the 200 of a call, into `place`; `file` is the local video, or null.
export async function showAnswer(place, body, file) {
  let page;
  try {
    const response = await fetch(here(body.reportUrl), { cache: "no-store" });
    page = response.ok ? new DOMParser().parseFromString(await response.text(), "text/html") : null;
  } catch {
    page = null;
  }
  const article = page?.getElementById("answer");
  if (!article) throw new Problem("answer_lost");
  place.replaceChildren(document.adoptNode(article));
  await drawStrip(article.querySelector("[data-strip]"), file, body.data.Liveness);
}
