// Live advice before paying: light, frame rate, steadiness, and whether a face fills the oval. Nothing leaves the page.

const WIDE = 96;
// The oval of the stage, in hundredths of the picture's shorter side.
const OVAL = { across: 27, up: 37 };
const DARK = 45;
const BRIGHT = 215;
// Of a whole chosen picture, where the face may be anywhere.
const DARK_FILE = 25;
const SHAKING = 14;
const LEAST_RATE = 12;
// Fewer frames than four a second show no movement.
const LONGEST_GAP_MS = 250;
// Shares of skin: in the oval, and in the ring around it.
const SOME_FACE = 0.3;
const FULL_FACE = 0.5;
const FULL_RING = 0.6;

const ADVICE = {
  none: "Bring your face into the oval.",
  dark: "It is too dark: let more light fall on your face.",
  bright: "It is too bright: turn away from the light.",
  far: "Come closer, until your face fills the oval.",
  near: "Move back a little, until your whole face is in the oval.",
  shaking: "Hold still.",
  slow: "The camera gives few frames: more light helps, or closing other programs.",
  good: "Good. Look into the camera and hold still.",
};

export class Guide {
  #video;
  #pen;
  #last = null;
  #gaps = [];
  #before = null;
  #detector = null;
  #found = null;
  #asked = 0;

  constructor(video) {
    this.#video = video;
    const canvas = document.createElement("canvas");
    canvas.width = WIDE;
    canvas.height = Math.max(16, Math.round((WIDE * video.videoHeight) / video.videoWidth) || 72);
    this.#pen = canvas.getContext("2d", { willReadFrequently: true });
    try {
      // Some browsers have a detector of their own; others go by the colour of skin.
      this.#detector = globalThis.FaceDetector ? new FaceDetector({ fastMode: true, maxDetectedFaces: 1 }) : null;
    } catch {
      this.#detector = null;
    }
  }

  // Looks at the frame of `now` (ms); returns {code, words, usable, gap}, `gap` the seconds since the frame before.
  look(now) {
    const gap = this.#last === null ? 0 : now - this.#last;
    this.#last = now;
    this.#gaps = [...this.#gaps.slice(-29), gap];
    this.#detect(now);
    const seen = this.#measure();
    const light = seen.light < DARK ? "dark" : seen.light > BRIGHT ? "bright" : null;
    const face = this.#face(seen);
    const slow = this.rate > 0 && this.rate < LEAST_RATE && this.#gaps.length > 8;
    const code = light ?? (face === "none" ? face : seen.moved > SHAKING ? "shaking" : face ?? (slow ? "slow" : "good"));
    return { code, words: ADVICE[code], usable: light === null && this.#found !== false && gap <= LONGEST_GAP_MS, gap: gap / 1000 };
  }

  // Frames a second, over the last second or so.
  get rate() {
    const gaps = this.#gaps.filter((gap) => gap > 0);
    return gaps.length ? (1000 * gaps.length) / gaps.reduce((sum, gap) => sum + gap, 0) : 0;
  }

  #face({ inside, around, coloured }) {
    if (this.#found === false) return "none";
    if (this.#found) return this.#found.height < 0.55 * OVAL.up ? "far" : this.#found.height > 1.5 * OVAL.up ? "near" : null;
    // A camera without colour says nothing of skin.
    if (!coloured) return null;
    if (inside < SOME_FACE) return "none";
    if (inside < FULL_FACE && around < 0.15) return "far";
    return inside > 0.8 && around > FULL_RING ? "near" : null;
  }

  #detect(now) {
    if (!this.#detector || now - this.#asked < 400) return;
    this.#asked = now;
    const { videoWidth, videoHeight } = this.#video;
    this.#detector.detect(this.#video).then(([face]) => {
      const box = face?.boundingBox;
      const off = box && Math.abs((box.x + box.width / 2) / videoWidth - 0.5) > 0.25;
      this.#found = box && !off ? { height: (50 * box.height) / Math.min(videoWidth, videoHeight) } : false;
    }, () => {
      this.#detector = null;
      this.#found = null;
    });
  }

  #measure() {
    const { width, height } = this.#pen.canvas;
    this.#pen.drawImage(this.#video, 0, 0, width, height);
    const measured = measure(this.#pen.getImageData(0, 0, width, height), this.#before);
    this.#before = measured.grey;
    return measured;
  }
}

// Light (0..255) in the oval, mean change of the picture, and shares of skin in the oval and in the ring around it.
export function measure({ data, width, height }, before = null) {
  const grey = new Uint8Array(width * height);
  const scale = Math.min(width, height) / 100;
  const sums = { light: 0, inside: 0, skinInside: 0, ring: 0, skinRing: 0, moved: 0, colour: 0 };
  for (let at = 0; at < grey.length; at += 1) {
    const [red, green, blue] = [data[4 * at], data[4 * at + 1], data[4 * at + 2]];
    const light = 0.299 * red + 0.587 * green + 0.114 * blue;
    grey[at] = light;
    if (before) sums.moved += Math.abs(grey[at] - before[at]);
    const cb = 128 + 0.564 * (blue - light);
    const cr = 128 + 0.713 * (red - light);
    sums.colour += Math.abs(cb - 128) + Math.abs(cr - 128);
    const skin = cb > 77 && cb < 127 && cr > 133 && cr < 178 && light > 25;
    const across = ((at % width) + 0.5 - width / 2) / (OVAL.across * scale);
    const up = (Math.floor(at / width) + 0.5 - height / 2) / (OVAL.up * scale);
    const far = across * across + up * up;
    if (far <= 1) {
      sums.inside += 1;
      sums.light += light;
      sums.skinInside += skin;
    } else if (far <= 2.2) {
      sums.ring += 1;
      sums.skinRing += skin;
    }
  }
  return {
    grey,
    light: sums.light / sums.inside,
    inside: sums.skinInside / sums.inside,
    around: sums.ring ? sums.skinRing / sums.ring : 0,
    moved: sums.moved / grey.length,
    coloured: sums.colour / grey.length > 4,
  };
}

// Whether a picture or a frame is too dark or too bright to judge well: "dark", "bright" or null.
export function lightOf(source, width, height) {
  const pen = document.createElement("canvas").getContext("2d");
  pen.canvas.width = WIDE;
  pen.canvas.height = Math.max(16, Math.round((WIDE * height) / width));
  pen.drawImage(source, 0, 0, pen.canvas.width, pen.canvas.height);
  const { grey } = measure(pen.getImageData(0, 0, pen.canvas.width, pen.canvas.height));
  const light = grey.reduce((sum, each) => sum + each, 0) / grey.length;
  return light < DARK_FILE ? "dark" : light > BRIGHT ? "bright" : null;
}
