// A button to copy each example, schema and address of the page.

const SAID_MS = 1600;

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Pages without https have no clipboard of that kind.
    const field = document.createElement("textarea");
    field.value = text;
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }
}

function button(text) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "quiet copy";
  made.textContent = "Copy";
  made.addEventListener("click", async () => {
    made.textContent = (await copy(text())) ? "Copied" : "Select it and copy";
    made.focus({ preventScroll: true });
    setTimeout(() => (made.textContent = "Copy"), SAID_MS);
  });
  return made;
}

for (const tabs of document.querySelectorAll(".tabs")) {
  const blocks = [...tabs.querySelectorAll("pre")];
  blocks[0].before(button(() => blocks.find((block) => block.offsetParent)?.textContent ?? ""));
}
for (const block of document.querySelectorAll("pre")) {
  if (block.closest(".tabs")) continue;
  const around = document.createElement("div");
  around.className = "copied";
  block.replaceWith(around);
  around.append(button(() => block.textContent), block);
}
for (const code of document.querySelectorAll("[data-copy]")) code.after(" ", button(() => code.textContent));
