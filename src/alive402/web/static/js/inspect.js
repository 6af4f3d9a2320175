// Says before paying what speaks against a chosen or recorded file: light, length, frame rate.

import { lightOf } from "./guide.js";

const SHORT = 2;
const PULSE_RATE = 15;
const PATIENCE_MS = 2000;
const DOUBTS = {
  dark: "It looks dark. The verdict may be inconclusive; more light helps.",
  bright: "It looks very bright. The verdict may be inconclusive.",
  none: "The face was outside the oval for much of the recording. Film again with the whole face in it.",
  far: "The face looks small. Come closer and film again.",
  near: "The face may be cut off. Move back and film again.",
  shaking: "The picture shakes. Hold still and film again.",
  slow: "The camera gave few frames. More light, or closing other programs, helps.",
};

// {checked, doubtful}: what was found good, and what was not; each null without anything to say.
export async function inspect(view, kind, taken) {
  const found = await Promise.race([seen(view, kind), pause()]).catch(() => null);
  if (taken) {
    const checked = `${taken.usable.toFixed(1)} s usable of ${taken.seconds.toFixed(1)} s, ${Math.round(taken.rate)} frames a second.`;
    const few = taken.enough ? null : `Only ${taken.usable.toFixed(1)} s can be used, so the pulse cannot be measured.`;
    return { checked, doubtful: [few, DOUBTS[taken.often ?? (taken.rate < PULSE_RATE ? "slow" : found?.light)]].filter(Boolean).join(" ") || null };
  }
  const short = found?.seconds && found.seconds < SHORT ? `It lasts ${found.seconds.toFixed(1)} s; at least one second is needed, three to six are best.` : null;
  return { checked: null, doubtful: [short, DOUBTS[found?.light]].filter(Boolean).join(" ") || null };
}

async function seen(view, kind) {
  if (kind === "picture") {
    await view.decode();
    return { light: lightOf(view, view.naturalWidth, view.naturalHeight) };
  }
  if (view.error) return null;
  if (view.readyState < 2) {
    await new Promise((resolve, reject) => {
      view.addEventListener("loadeddata", resolve, { once: true });
      view.addEventListener("error", reject, { once: true });
    });
  }
  // The first frame is drawn by some browsers only after a seek.
  const seeked = new Promise((resolve) => view.addEventListener("seeked", resolve, { once: true }));
  view.currentTime = Number.isFinite(view.duration) ? Math.min(0.5, view.duration / 2) : 0.5;
  await seeked;
  return { seconds: Number.isFinite(view.duration) ? view.duration : null, light: lightOf(view, view.videoWidth, view.videoHeight) };
}

function pause() {
  return new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, null));
}
