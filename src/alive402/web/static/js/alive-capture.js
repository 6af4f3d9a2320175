// <alive-capture service="https://live.example" challenge="ID">: asks a person for the movements of a challenge, films them,
// and hands the clip to the service (docs/challenge.md).
// States: consent -> camera -> place -> lead -> steps -> handover -> done, and problem.

const SLICE_MS = 250;
const FEWEST_FRAMES = 15;
const SEND_TRIES = 3;
// First data later than this: the recorder started late.
const FIRST_DATA_MS = 550;
// Filmed after the end: the first frame's time is known to 0.3 s only.
const MORE_MS = 300;
const KINDS = ["turn_left", "turn_right", "look_up", "look_down", "open_mouth"];
// Apps whose browser often has no camera.
const IN_APP = /; wv\)|FBA[NV]|Instagram|Line\/|MicroMessenger/;

const EN = {
  title: "Film a short clip of your face",
  consent: "The camera films your face for 15 to 30 seconds, without sound, while you follow prompts: turn your head, or open your mouth. Only {service} gets the clip, and deletes it once judged.",
  sound: "Say each prompt aloud",
  other: "I cannot make a movement, or need more time",
  which: "Which can you not make? Two at most.",
  slow: "Twice the time for each",
  redraw: "Ask me for others",
  redrawn: "You will be asked for others.",
  start: "Use the camera",
  camera: "Allow the camera when the browser asks",
  place: "Bring your whole face into the oval",
  advice: "Hold the device at eye level, with a bright screen.",
  dark: "It is dark: let more light fall on your face.",
  bright: "It is too bright: turn away from the light.",
  few: "Only {rate} frames a second come. More light helps.",
  ready: "I am ready",
  rest: "Look straight into the camera",
  turn_left: "Turn to your left",
  turn_right: "Turn to your right",
  look_up: "Look up",
  look_down: "Look down",
  open_mouth: "Open your mouth",
  of: "{step} of {steps}, and back to the middle",
  sending: "Sending the clip",
  done: "Done. You can go back now.",
  cancel: "Cancel",
  again: "Try again",
  fresh: "Go back, and ask for a new challenge.",
  camera_refused: "The camera is not allowed. Allow it for this page, and try again.",
  no_camera: "No camera was found. Connect one, or use a phone.",
  camera_failed: "The camera gives no picture. Another program may use it.",
  camera_unsupported: "This browser gives pages no camera. Open this address in Safari, Chrome or Firefox: {address}",
  camera_lost: "The camera stopped: this take is over.",
  page_hidden: "The page was hidden: this take is over.",
  nothing_filmed: "Nothing was recorded.",
  cancelled: "Stopped. Nothing was sent.",
  challenge_missing: "This page names no challenge.",
  over: "This challenge was shown before, or its time is over.",
  service_unreachable: "The service does not answer. Check the connection.",
  capture_failed: "The page failed: load it again.",
};

const CSS = `
:host{display:block;--_a:var(--alive-accent,#0f5c86);--_i:var(--alive-accent-ink,#fff)}
@supports (color:light-dark(red,red)){:host{--_a:var(--alive-accent,light-dark(#0f5c86,#86c5ea));--_i:var(--alive-accent-ink,light-dark(#fff,#08222f))}}
:host([hidden]),[hidden]{display:none!important}
*{box-sizing:border-box}
.prompt{font-size:1.5em;font-weight:650;line-height:1.25;margin-bottom:.4em;outline:none}
.place,.lead,.steps{text-align:center}
.advice{min-height:1.5em;margin:.5em 0;overflow-wrap:anywhere}
.stage{position:relative;overflow:hidden;background:#000;border-radius:var(--alive-radius,.75em);aspect-ratio:var(--_s);max-width:calc(58vh*var(--_s));margin:auto}
.stage *{position:absolute;inset:0;margin:auto}
video{width:100%;height:100%;transform:scaleX(-1)}
.oval{height:76%;aspect-ratio:.74;border:.16em dashed #fff;border-radius:50%}
.count{height:1.2em;color:#fff;font:700 4em/1.2 system-ui;text-shadow:0 0 .3em #000}
.sign{filter:drop-shadow(0 0 .2em #000)}
.arrow{width:21%;aspect-ratio:1;color:#ffd60a;background:currentColor;clip-path:polygon(0 50%,50% 0,50% 30%,100% 30%,100% 70%,50% 70%,50% 100%);forced-color-adjust:none;animation:beat 1s infinite}
@keyframes beat{50%{scale:1.16}}
#turn_left{margin-left:3%}
#turn_right{margin-right:3%;rotate:180deg}
#look_up{margin-top:2%;rotate:90deg}
#look_down{margin-bottom:2%;rotate:-90deg}
#open_mouth{top:45%;width:16%;clip-path:none;background:none;border:.4em solid;border-radius:50%}
progress{width:100%}
input{margin:0 .5em 0 0}
progress,input{accent-color:var(--_a)}
button{font:inherit;margin:.4em .6em .4em 0;font-weight:600;min-height:2.75em;padding:.5em 1.3em;border:1px solid var(--_a);border-radius:.6em;background:var(--_a);color:var(--_i);cursor:pointer}
.quiet{background:none;color:var(--_a)}
label,summary{padding:.4em 0}
label{display:block}
@media (prefers-reduced-motion:reduce){.arrow{animation:none}}
`;

function problem(code, message) {
  return Object.assign(new Error(message), { code });
}

// A server that renders a page has no HTMLElement.
export class AliveCapture extends (globalThis.HTMLElement ?? class {}) {
  static observedAttributes = ["challenge", "lang", "redraws"];
  // `AliveCapture.texts.de = { start: "…" }` adds a language; what it lacks stays English.
  static texts = { en: EN };
  #at = {};
  #run = null;
  #audio = null;
  #next = null;
  #goes = false;

  constructor() {
    super();
    const at = this.#at;
    // The first of `names` is the element's own; all are classes and parts.
    const make = (tag, names, text, ...children) => {
      const node = document.createElement(tag);
      node.className = names;
      node.setAttribute("part", names);
      if (text) node.dataset.text = text;
      if (tag === "slot") node.name = names;
      node.append(...children);
      at[names.split(" ")[0]] = node;
      return node;
    };
    const box = (name) => {
      const label = make("label", "", "", make("input", name), make("span", "", name));
      at[name].type = "checkbox";
      return label;
    };
    this.attachShadow({ mode: "open" }).append(make("div", "frame", "",
      make("div", "prompt"),
      make("div", "intro", "", make("slot", "consent", "", make("p", "", "consent")), box("sound"),
        make("details", "other", "", make("summary", "", "other"),
          make("fieldset", "kinds", "", make("legend", "", "which"), ...KINDS.map(box)), box("slow"), make("button", "draw quiet button", "redraw"))),
      make("div", "stage", "", make("video", "video"), make("div", "oval"), make("div", "sign", "", make("div", "arrow"), make("div", "count"))),
      make("progress", "bar"), make("div", "advice"),
      make("button", "main button"), make("button", "cancel quiet button", "cancel"), make("slot", "done"), make("slot", "other-way")));
    at.prompt.tabIndex = -1;
    at.prompt.setAttribute("aria-live", "assertive");
    at.advice.setAttribute("role", "status");
    at.sign.setAttribute("aria-hidden", "true");
    at.video.playsInline = at.video.muted = at.video.disablePictureInPicture = at.sound.checked = true;
    at.main.onclick = () => this.#next();
    at.cancel.onclick = () => this.cancel();
    at.draw.onclick = () => this.#draw();
    at.kinds.onchange = () => {
      for (const kind of KINDS) at[kind].disabled = this.#avoid.length > 1 && !at[kind].checked;
    };
  }

  connectedCallback() {
    try {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(CSS);
      this.shadowRoot.adoptedStyleSheets = [sheet];
    } catch {
      // Safari before 16.4.
      const href = `${this.#service}/static/latest/css/alive-capture.css`;
      this.shadowRoot.prepend(Object.assign(document.createElement("link"), { rel: "stylesheet", href }));
    }
    this.#at.slow.checked = this.getAttribute("pace") === "slow";
    this.#show("consent");
  }

  disconnectedCallback() {
    this.#end();
  }

  attributeChangedCallback(name, before) {
    if (!/consent|done|problem/.test(this.dataset.state)) return;
    this.#show("consent", "", name === "challenge" && before ? this.#text("redrawn") : "");
    if (this.#goes) this.start();
  }

  // Does what the first button does. Call it in a click, for sound.
  start() {
    return this.#begin((run) => this.#open(run));
  }

  cancel() {
    this.#run?.abort(problem("cancelled"));
  }

  get #service() {
    return (this.getAttribute("service") ?? "").replace(/\/+$/, "");
  }

  get #address() {
    return `${this.#service}/api/challenges/${this.getAttribute("challenge")}`;
  }

  get #avoid() {
    return KINDS.filter((kind) => this.#at[kind].checked);
  }

  get #language() {
    const [language] = (this.lang || document.documentElement.lang).split("-");
    return language in AliveCapture.texts ? language : "en";
  }

  #text(name, facts) {
    const words = AliveCapture.texts[this.#language][name] ?? EN[name];
    return words?.replace(/\{(\w+)\}/g, (_, fact) => facts[fact]);
  }

  // Shows a state: prompt, line below it, and a button that does `next`.
  #show(state, prompt, advice = "", button = "", next = null) {
    const at = this.#at;
    const held = this.shadowRoot.activeElement || document.activeElement === document.body;
    const service = new URL(this.#service, location.href).host;
    for (const node of at.frame.querySelectorAll("[data-text]")) node.textContent = this.#text(node.dataset.text, { service });
    const asks = state === "consent";
    const films = /place|lead|steps/.test(state);
    if (asks) [prompt, button, next] = [this.#text("title"), "start", () => this.start()];
    const shown = {
      intro: asks, other: this.hasAttribute("redraws"), stage: films, arrow: false, bar: /steps|handover/.test(state),
      main: next, cancel: films || state === "camera", done: state === "done", "other-way": asks || state === "problem",
    };
    for (const [name, is] of Object.entries(shown)) at[name].hidden = !is;
    this.dataset.state = state;
    this.#next = next;
    at.frame.className = state;
    at.bar.value = 0;
    at.bar.setAttribute("aria-label", prompt);
    at.count.textContent = "";
    at.main.textContent = this.#text(button);
    this.#advise(advice);
    this.#tell(prompt, !asks);
    if (held && !asks) (state === "place" ? at.main : at.prompt).focus({ preventScroll: true });
    if (films) this.scrollIntoView({ block: "nearest" });
  }

  #advise(words) {
    const { advice } = this.#at;
    if (advice.textContent !== words) advice.textContent = words;
  }

  // Writes a prompt, also for screen readers, and says it.
  #tell(words, aloud = true) {
    this.#at.prompt.textContent = words;
    if (!aloud || !this.#at.sound.checked || !globalThis.speechSynthesis) return;
    speechSynthesis.cancel();
    speechSynthesis.speak(Object.assign(new SpeechSynthesisUtterance(words), { lang: this.#language }));
  }

  #tone(frequency) {
    if (!this.#audio || !this.#at.sound.checked) return;
    const { destination, currentTime } = this.#audio;
    const source = new OscillatorNode(this.#audio, { frequency });
    source.connect(new GainNode(this.#audio, { gain: 0.1 })).connect(destination);
    source.start();
    source.stop(currentTime + 0.1);
  }

  #emit(name, detail = {}) {
    this.dispatchEvent(new CustomEvent(`alive-${name}`, { detail, bubbles: true }));
  }

  #end() {
    const run = this.#run;
    this.#run = null;
    run?.abort(problem("cancelled"));
    this.#close(run);
  }

  #close(run) {
    run?.stream?.getTracks().forEach((each) => each.stop());
    // Not a later run's.
    if ((this.#run ?? run) === run) this.#at.video.srcObject = null;
  }

  // Does one run's work, and shows the problem that ends it; `facts` are of the run before.
  async #begin(work, facts) {
    this.#end();
    const run = (this.#run = Object.assign(new AbortController(), facts));
    const ends = new Promise((_, reject) => run.signal.addEventListener("abort", () => reject(run.signal.reason)));
    try {
      await Promise.race([work(run), ends]);
    } catch (error) {
      if (this.#run !== run) return;
      this.#end();
      const code = error.code?.trim?.() ?? "capture_failed";
      if (code === "capture_failed") console.error(error);
      const message = this.#text(code, { address: location.href }) ?? (error.message || this.#text("over"));
      const { begun, file } = run;
      let next = () => this.start();
      if (file && code === "service_unreachable") next = () => this.#begin((again) => this.#send(again), { begun, file });
      else if (begun || code.startsWith("challenge_")) next = this.hasAttribute("redraws") && (() => this.#draw(true));
      if (code === "cancelled" && !begun) this.#show("consent");
      else this.#show("problem", next ? message : `${message} ${this.#text("fresh")}`, code, "again", next);
      this.#emit("error", { code, message });
    }
  }

  // Asks the page for another challenge; `goes` then opens the camera.
  #draw(goes = false) {
    this.#goes = goes;
    this.#emit("redraw", { avoid: this.#avoid, pace: this.#at.slow.checked ? "slow" : "normal" });
  }

  async #open(run) {
    this.#goes = false;
    if (!this.getAttribute("challenge")) throw problem("challenge_missing");
    if (!navigator.mediaDevices?.getUserMedia || !globalThis.MediaRecorder) throw problem("camera_unsupported");
    if (globalThis.AudioContext) (this.#audio ??= new AudioContext()).resume();
    this.#show("camera", this.#text("camera"));
    const { state } = await ask("GET", this.#address, run.signal);
    if (state !== "issued") throw problem(`challenge_${state === "filmed" ? "begun" : state}`);
    run.stream = await opened();
    if (run.signal.aborted) return this.#close(run);
    const { video } = this.#at;
    run.stream.getVideoTracks()[0].onended = () => run.abort(problem("camera_lost"));
    document.addEventListener("keydown", ({ key }) => key === "Escape" && this.cancel(), { signal: run.signal });
    video.srcObject = run.stream;
    await video.play();
    this.#at.stage.style.setProperty("--_s", video.videoWidth / video.videoHeight || 4 / 3);
    const ready = new Promise((resolve) => this.#show("place", this.#text("place"), this.#text("advice"), "ready", resolve));
    this.#emit("ready");
    this.#watch(video);
    await ready;
    await this.#answer(run);
  }

  // Advises on light and frame rate.
  async #watch(video) {
    const pen = Object.assign(document.createElement("canvas"), { width: 8, height: 6 }).getContext("2d", { willReadFrequently: true });
    for (let frames = NaN, more; this.dataset.state === "place"; frames = more) {
      more = video.getVideoPlaybackQuality().totalVideoFrames;
      pen.drawImage(video, 0, 0, 8, 6);
      const sum = pen.getImageData(0, 0, 8, 6).data.reduce((all, each) => all + each);
      const light = (sum / 48 - 255) / 3;
      const rate = Math.round((more - frames) / 2);
      const code = light < 45 ? "dark" : light > 215 ? "bright" : rate < FEWEST_FRAMES ? "few" : "advice";
      this.#advise(this.#text(code, { rate }));
      await sleep(2000);
    }
  }

  async #answer(run) {
    const { signal } = run;
    const hides = () => document.hidden && !run.file && run.abort(problem("page_hidden"));
    document.addEventListener("visibilitychange", hides, { signal });
    this.#show("lead", this.#text("rest"));
    const begun = await ask("POST", `${this.#address}/begin`, signal);
    run.begun = true;
    this.#emit("begun", { challengeId: begun.challengeId, answerBy: begun.answerBy });
    for (const left of [3, 2, 1]) {
      this.#at.count.textContent = left;
      await until(performance.now() + 1000, signal);
    }
    const film = await this.#film(run, begun);
    this.#close(run);
    run.file = film.file;
    this.#emit("clip", film);
    await this.#send(run);
  }

  // Records while it shows each step; `marks` say when each was shown.
  async #film({ stream, signal }, { steps, capture }) {
    const mimeType = capture.mimeTypes?.find((each) => MediaRecorder.isTypeSupported(each));
    const recorder = new MediaRecorder(stream, { mimeType, videoBitsPerSecond: capture.bitsPerSecond });
    const happens = (name) => new Promise((resolve) => recorder.addEventListener(name, () => resolve(performance.now())));
    const started = happens("start");
    const stopped = happens("stop");
    const parts = [];
    const marks = [];
    const first = new Promise((resolve) => {
      recorder.ondataavailable = ({ data }) => {
        parts.push(data);
        // Chrome begins with one byte.
        if (data.size > 9) resolve(performance.now() - FIRST_DATA_MS);
      };
    });
    this.#show("steps", this.#text("rest"));
    recorder.start(SLICE_MS);
    try {
      // The first frame's time; neither alone says it everywhere.
      const zero = Math.max(await started, await first);
      for (const [place, { kind, at, seconds }] of steps.entries()) {
        await until(zero + 1000 * at, signal);
        this.#ask(kind, place, steps.length);
        marks.push({ kind, at: (performance.now() - zero) / 1000 });
        await until(zero + 1000 * (at + seconds), signal);
        if (steps[place + 1]?.at < at + seconds + 0.3) continue;
        this.#at.arrow.hidden = true;
        this.#tell(this.#text("rest"), false);
      }
      await until(zero + 1000 * capture.seconds + MORE_MS, signal);
    } finally {
      if (recorder.state !== "inactive") recorder.stop();
    }
    await stopped;
    const [type] = (recorder.mimeType || "video/webm").split(";");
    const file = new File(parts, type.replace("video/", "answer."), { type });
    if (!file.size) throw problem("nothing_filmed");
    return { file, marks };
  }

  #ask(kind, place, steps) {
    const { arrow, bar } = this.#at;
    arrow.hidden = false;
    arrow.id = kind;
    bar.value = (place + 1) / steps;
    this.#advise(this.#text("of", { step: place + 1, steps }));
    this.#tone(660);
    this.#tell(this.#text(kind));
    this.#emit("step", { kind, index: place, steps });
  }

  async #send({ file, signal }) {
    this.#tone(990);
    this.#show("handover", this.#text("sending"));
    for (let tries = 1; ; tries += 1) {
      try {
        const { url, challengeId } = await ask("POST", `${this.#address}/clip`, signal, file, (share) => (this.#at.bar.value = share));
        this.#show("done", this.#text("done"));
        return this.#emit("handed-over", { uploadUrl: url, challengeId });
      } catch (error) {
        if (error.code !== "service_unreachable" || tries === SEND_TRIES) throw error;
        await until(performance.now() + 1000 * tries, signal);
      }
    }
  }
}

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

async function until(time, signal) {
  await sleep(time - performance.now());
  signal.throwIfAborted();
}

async function opened() {
  const video = { facingMode: "user", width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } };
  try {
    return await navigator.mediaDevices.getUserMedia({ video });
  } catch ({ name }) {
    const refused = IN_APP.test(navigator.userAgent) ? "camera_unsupported" : "camera_refused";
    const codes = { NotFoundError: "no_camera", NotAllowedError: refused, SecurityError: refused };
    throw problem(codes[name] ?? "camera_failed");
  }
}

// The service's answer; a refusal is a problem with its code and sentence.
function ask(method, address, signal, file = null, tell = null) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(method, address);
    request.responseType = "json";
    if (file) request.setRequestHeader("Content-Type", file.type);
    if (file) request.upload.onprogress = ({ loaded, total }) => tell(loaded / total);
    request.onloadend = () => {
      const { status, response } = request;
      if (status >= 200 && status < 300 && response) return resolve(response);
      reject(problem((status < 500 && response?.code) || "service_unreachable", response?.message));
    };
    signal.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}

if (globalThis.customElements && !customElements.get("alive-capture")) customElements.define("alive-capture", AliveCapture);
