// Draws the judged frames, the face marked, from the local file; no picture comes from the service.

const LONG_SIDE = 220;
const LARGE_SIDE = 640;
const MARGIN = 0.55;
const MOST = 16;

// Draws into `article` the frames of `data`, the answer, from `file`; nothing where the browser cannot show the file.
export async function drawFrames(article, file, data) {
  const report = data?.Liveness;
  if (!file || !report) return;
  const address = URL.createObjectURL(file);
  try {
    if (report.frames?.length) await drawVideo(article, address, report);
    else await drawPicture(article, address, data);
  } catch {
    // The text says all that the pictures show.
  } finally {
    URL.revokeObjectURL(address);
  }
}

async function drawVideo(article, address, report) {
  const video = document.createElement("video");
  video.muted = true;
  video.playsInline = true;
  video.preload = "auto";
  video.src = address;
  await happened(video, "loadeddata");
  const source = { view: video, width: video.videoWidth, height: video.videoHeight, scale: video.videoWidth / report.video.width };
  const draw = async (frame, long) => {
    video.currentTime = frame.time;
    await happened(video, "seeked");
    return pictured(source, frame, long);
  };
  const decisive = article.querySelector("[data-decisive]");
  const most = report.frames[Number(decisive?.dataset.frame)];
  if (most) decisive.prepend(await draw(most, LARGE_SIDE));
  const place = article.querySelector("[data-strip]");
  const pictures = document.createElement("ul");
  for (const frame of report.frames.slice(0, MOST)) {
    const item = document.createElement("li");
    const words = document.createElement("span");
    words.textContent = `${frame.time.toFixed(2)} s · ${frame.live_confidence.toFixed(2)}`;
    item.append(await draw(frame, LONG_SIDE), words);
    pictures.append(item);
  }
  const title = document.createElement("h3");
  title.textContent = "Judged frames";
  const note = document.createElement("p");
  note.className = "soft";
  note.textContent = "Drawn here, from the video on your device. The figure is each frame's own live confidence.";
  place.replaceChildren(title, pictures, note);
  place.hidden = false;
}

async function drawPicture(article, address, data) {
  const { Rect: rect } = data.Elements?.[0]?.Results?.[0] ?? {};
  if (!rect) return;
  const image = new Image();
  image.src = address;
  await image.decode();
  const source = { view: image, width: image.naturalWidth, height: image.naturalHeight, scale: 1 };
  const frame = { time: null, rect: [rect.Left, rect.Top, rect.Left + rect.Width, rect.Top + rect.Height] };
  article.querySelector("[data-decisive]")?.prepend(pictured(source, frame, LARGE_SIDE));
}

function pictured({ view, width: wide, height: tall, scale }, frame, long) {
  const [x1, y1, x2, y2] = frame.rect.map((side) => side * scale);
  const side = Math.max(x2 - x1, y2 - y1) * (1 + 2 * MARGIN);
  const width = Math.min(side, wide);
  const height = Math.min(side * 1.15, tall);
  const left = clamp((x1 + x2 - width) / 2, wide - width);
  const top = clamp((y1 + y2 - height) / 2, tall - height);
  const canvas = document.createElement("canvas");
  const shrink = long / Math.max(width, height);
  canvas.width = Math.round(width * shrink);
  canvas.height = Math.round(height * shrink);
  const pen = canvas.getContext("2d");
  pen.drawImage(view, left, top, width, height, 0, 0, canvas.width, canvas.height);
  pen.strokeStyle = "#ffd54a";
  pen.lineWidth = Math.max(2, long / 200);
  pen.strokeRect((x1 - left) * shrink, (y1 - top) * shrink, (x2 - x1) * shrink, (y2 - y1) * shrink);
  canvas.setAttribute("role", "img");
  const when = frame.time === null ? "The picture" : `Frame at ${frame.time.toFixed(2)} seconds`;
  canvas.setAttribute("aria-label", `${when} with the face marked`);
  return canvas;
}

function clamp(start, most) {
  return Math.max(0, Math.min(start, most));
}

function happened(target, name) {
  return new Promise((resolve, reject) => {
    const clear = setTimeout(() => reject(new Error(name)), 5000);
    target.addEventListener(name, () => (clearTimeout(clear), resolve()), { once: true });
    target.addEventListener("error", () => (clearTimeout(clear), reject(new Error("error"))), { once: true });
  });
}
