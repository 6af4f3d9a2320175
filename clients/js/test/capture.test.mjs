// The component where there is no page, and in React; NPM is a folder with react, react-dom and this package.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

const { NPM } = process.env;
const from = createRequire(`${NPM}/page.mjs`);
const load = (name) => import(pathToFileURL(from.resolve(name)));

test("a server that renders pages imports the module", async () => {
  const { AliveCapture } = await load("alive402/capture");
  assert.equal(globalThis.customElements, undefined);
  assert.ok(AliveCapture.texts.en.consent.includes("{service}"));
});

test("React renders the element with its attributes, and no event as one", async () => {
  const { createElement } = (await load("react")).default;
  const { renderToStaticMarkup } = (await load("react-dom/server")).default;
  const { AliveCapture } = await load("alive402/react");
  const given = { service: "https://live.example", challenge: "id", pace: "slow", redraws: true, onHandedOver() {} };
  assert.equal(
    renderToStaticMarkup(createElement(AliveCapture, given, createElement("p", { slot: "done" }, "Thanks"))),
    '<alive-capture service="https://live.example" challenge="id" pace="slow" redraws=""><p slot="done">Thanks</p></alive-capture>',
  );
});
