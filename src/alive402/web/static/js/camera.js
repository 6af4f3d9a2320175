// The camera: opens on request, guides, records until enough frames are usable, or takes one picture.

import { Guide } from "./guide.js";
import { Problem } from "./problem.js";

// The pulse needs 4 s of frames; the first and the last may be cut off.
const USABLE_SECONDS = 4.5;
const LONGEST_SECONDS = 10;
const LEAST_SECONDS = 1.2;
const COUNTDOWN = 3;
const ADVISE_MS = 600;
const BITS_PER_SECOND = 6_000_000;
const KINDS = ["video/webm;codecs=vp8", "video/webm;codecs=vp9", "video/webm", "video/mp4"];

// Resolves to the stream that `video` shows, or to null if it is no longer `wanted()`.
export async function open(video, wanted) {
  let stream = null;
  try {
    stream = await navigator.mediaDevices.getUserMedia({
      audio: false,
      video: { facingMode: "user", width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } },
    });
    if (wanted()) {
      video.srcObject = stream;
      await video.play();
    }
    if (wanted()) return stream;
    stop(stream);
    return null;
  } catch (error) {
    stop(stream);
    if (error.name === "NotAllowedError" || error.name === "SecurityError") throw new Problem("camera_refused");
    if (error.name === "NotFoundError" || error.name === "OverconstrainedError") throw new Problem("no_camera");
    throw new Problem("camera_failed", { message: error.message });
  }
}

function stop(stream) {
  stream?.getTracks().forEach((track) => track.stop());
}

// Looks at every frame until the stream ends: calls `each` with what the guide sees, and `advise` now and then.
export function watch(stream, video, advise, each = () => {}) {
  const guide = new Guide(video);
  let shown = -Infinity;
  const next = () => video.requestVideoFrameCallback?.(seen) ?? setTimeout(() => seen(performance.now()), 33);
  function seen(now) {
    if (!stream.active || video.srcObject !== stream) return;
    const found = guide.look(now);
    each(found);
    if (now - shown > ADVISE_MS) {
      shown = now;
      advise(found);
    }
    next();
  }
  next();
  return guide;
}

// Records until `USABLE_SECONDS` of frames are usable. `tell(count, share)`: seconds until the start, or null; and the
// share of them. `heard(work)` passes what the guide sees in each frame to `work`. Resolves to {file, taken}, or to null.
export async function film(stream, guide, heard, tell) {
  for (let left = COUNTDOWN; left > 0; left -= 1) {
    tell(left, 0);
    await tick(1000);
    if (!stream.active) return null;
  }
  const type = KINDS.find((kind) => MediaRecorder.isTypeSupported(kind));
  const recorder = new MediaRecorder(stream, { mimeType: type, videoBitsPerSecond: BITS_PER_SECOND });
  const parts = [];
  const codes = {};
  let usable = 0;
  let frames = 0;
  recorder.ondataavailable = (event) => event.data.size && parts.push(event.data);
  const started = new Promise((resolve) => (recorder.onstart = resolve));
  const ended = new Promise((resolve) => {
    recorder.onstop = resolve;
    recorder.onerror = resolve;
  });
  recorder.start();
  await Promise.race([started, ended]);
  const began = performance.now();
  const enough = new Promise((resolve) => heard((found) => {
    frames += 1;
    codes[found.code] = (codes[found.code] ?? 0) + 1;
    if (found.usable) usable += found.gap;
    tell(null, Math.min(1, usable / USABLE_SECONDS));
    if (usable >= USABLE_SECONDS) resolve();
  }));
  await Promise.race([enough, ended, tick(1000 * LONGEST_SECONDS)]);
  heard(() => {});
  const seconds = (performance.now() - began) / 1000;
  const cut = !stream.active;
  if (recorder.state !== "inactive") recorder.stop();
  await ended;
  if (cut) return null;
  if (parts.length === 0) throw new Problem("camera_failed");
  const [worst] = Object.entries(codes).filter(([code]) => code !== "good").sort((one, other) => other[1] - one[1])[0] ?? [null];
  if (usable < LEAST_SECONDS) throw new Problem("film_unusable", { details: { code: worst ?? "slow" } });
  const plain = recorder.mimeType.split(";")[0] || "video/webm";
  const file = new File(parts, `recording.${plain === "video/mp4" ? "mp4" : "webm"}`, { type: plain });
  const often = worst && codes[worst] > frames / 3 ? worst : null;
  return { file, taken: { usable, seconds, rate: guide.rate, enough: usable >= USABLE_SECONDS, often } };
}

// One picture of the camera, as a JPEG file.
export async function picture(video) {
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d").drawImage(video, 0, 0);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.95));
  if (!blob) throw new Problem("camera_failed");
  return new File([blob], "picture.jpg", { type: "image/jpeg" });
}

function tick(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
