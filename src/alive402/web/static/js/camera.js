// The camera: opens on request, records a few seconds after a countdown, and closes.

import { Problem } from "./problem.js";

const SECONDS = 4;
const COUNTDOWN = 3;
const BITS_PER_SECOND = 6_000_000;
const KINDS = ["video/webm;codecs=vp8", "video/webm;codecs=vp9", "video/webm", "video/mp4"];

export function canRecord() {
  return Boolean(navigator.mediaDevices?.getUserMedia && globalThis.MediaRecorder);
}

export async function open(video) {
  try {
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: false,
      video: { facingMode: "user", width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } },
    });
    video.srcObject = stream;
    await video.play();
    return stream;
  } catch (error) {
    if (error.name === "NotAllowedError" || error.name === "SecurityError") throw new Problem("camera_refused");
    if (error.name === "NotFoundError" || error.name === "OverconstrainedError") throw new Problem("no_camera");
    throw new Problem("camera_failed", { message: error.message });
  }
}

// Records a File of a few seconds. `tell(count, share)`: seconds until the start, or null; and the recorded share.
export async function film(stream, tell) {
  for (let left = COUNTDOWN; left > 0; left -= 1) {
    tell(left, 0);
    await tick(1000);
    if (!stream.active) return null;
  }
  const type = KINDS.find((kind) => MediaRecorder.isTypeSupported(kind));
  const recorder = new MediaRecorder(stream, { mimeType: type, videoBitsPerSecond: BITS_PER_SECOND });
  const parts = [];
  recorder.ondataavailable = (event) => event.data.size && parts.push(event.data);
  const ended = new Promise((resolve) => {
    recorder.onstop = resolve;
    recorder.onerror = resolve;
  });
  const began = performance.now();
  recorder.start();
  const paint = setInterval(() => tell(null, Math.min(1, (performance.now() - began) / (1000 * SECONDS))), 100);
  await Promise.race([tick(1000 * SECONDS), ended]);
  clearInterval(paint);
  const cut = !stream.active;
  if (recorder.state !== "inactive") recorder.stop();
  await ended;
  if (cut) return null;
  if (parts.length === 0) throw new Problem("camera_failed");
  const plain = recorder.mimeType.split(";")[0] || "video/webm";
  return new File(parts, `recording.${plain === "video/mp4" ? "mp4" : "webm"}`, { type: plain });
}

export function close(stream, video) {
  stream?.getTracks().forEach((track) => track.stop());
  video.srcObject = null;
}

function tick(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
