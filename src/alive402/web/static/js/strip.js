// Draws the judged frames, the face marked, from the local video; no picture comes from the service.

const LONG_SIDE = 220;
const MARGIN = 0.55;
const MOST = 16;

// Fills `place` with pictures of `file` at the report's frames; shows nothing where the browser cannot play the file.
export async function drawStrip(place, file, report) {
  const frames = report.frames ?? [];
  if (!file || frames.length === 0) return;
  const video = document.createElement("video");
  video.muted = true;
  video.playsInline = true;
  video.preload = "auto";
  const address = URL.createObjectURL(file);
  try {
    video.src = address;
    await happened(video, "loadeddata");
    const list = document.createElement("ul");
    const title = document.createElement("h3");
    title.textContent = "Judged frames";
    const note = document.createElement("p");
    note.className = "soft";
    note.textContent = "Drawn here, from the video on your device. The figure is each frame's own live confidence.";
    const scale = video.videoWidth / report.video.width;
    for (const frame of frames.slice(0, MOST)) {
      video.currentTime = frame.time;
      await happened(video, "seeked");
      list.append(pictured(video, frame, scale));
    }
    place.replaceChildren(title, list, note);
    place.hidden = false;
  } catch {
    place.hidden = true;
  } finally {
    URL.revokeObjectURL(address);
  }
}

function pictured(video, frame, scale) {
  const [x1, y1, x2, y2] = frame.rect.map((side) => side * scale);
  const side = Math.max(x2 - x1, y2 - y1) * (1 + 2 * MARGIN);
  const width = Math.min(side, video.videoWidth);
  const height = Math.min(side * 1.15, video.videoHeight);
  const left = clamp((x1 + x2 - width) / 2, video.videoWidth - width);
  const top = clamp((y1 + y2 - height) / 2, video.videoHeight - height);
  const canvas = document.createElement("canvas");
  const shrink = LONG_SIDE / Math.max(width, height);
  canvas.width = Math.round(width * shrink);
  canvas.height = Math.round(height * shrink);
  const pen = canvas.getContext("2d");
  pen.drawImage(video, left, top, width, height, 0, 0, canvas.width, canvas.height);
  pen.strokeStyle = "#ffd54a";
  pen.lineWidth = 2;
  pen.strokeRect((x1 - left) * shrink, (y1 - top) * shrink, (x2 - x1) * shrink, (y2 - y1) * shrink);
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `Frame at ${frame.time.toFixed(2)} seconds with the face marked`);
  const item = document.createElement("li");
  const words = document.createElement("span");
  words.textContent = `${frame.time.toFixed(2)} s · ${frame.live_confidence.toFixed(2)}`;
  item.append(canvas, words);
  return item;
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
