// The page of `alive402 challenge film`: draws another challenge when the person asks for other movements.

import "./alive-capture.js";

const capture = document.querySelector("alive-capture");
capture.addEventListener("alive-redraw", async ({ detail }) => {
  const address = `${capture.getAttribute("service")}/api/challenges`;
  const response = await fetch(address, { method: "POST", body: JSON.stringify(detail) });
  if (response.ok) capture.setAttribute("challenge", (await response.json()).challengeId);
});
