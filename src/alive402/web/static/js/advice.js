// Advice for each problem, and the next step.
// `next`: "again" sends the same request, with the signed payment, or with a new one if that is void;
// "other" needs another video.

// Codes after which the sent payment is void: the next try signs a new one.
const VOID = new Set(["payment_invalid", "payment_mismatch", "payment_expires_soon", "payment_malformed",
  "payment_expired", "settlement_refused", "payment_spent"]);
const VIDEO = new Set(["unsupported_video", "undecodable_video", "video_too_large", "video_too_short", "no_face",
  "face_too_small", "too_dark", "too_bright", "blurred", "face_occluded", "unusable_video", "invalid_url",
  "forbidden_address", "host_not_found", "upstream_unreachable", "upstream_status", "too_many_redirects",
  "fetch_timeout", "analysis_timeout", "body_too_large", "upload_empty", "upload_too_slow", "upload_gone", "unsupported_image",
  "undecodable_image", "image_too_large", "unusable_image", "clip_too_short", "clip_too_coarse", "challenge_used",
  "challenge_expired", "challenge_not_begun", "challenge_unknown"]);

const TITLES = {
  no_face: "No face was found",
  face_too_small: "The face is too small",
  too_dark: "It is too dark",
  too_bright: "It is too bright",
  blurred: "The face is blurred",
  face_occluded: "The face is covered or cut off",
  video_too_short: "The video is too short",
  video_too_large: "The video is too large",
  unsupported_video: "This is not a video that can be read",
  undecodable_video: "The video cannot be decoded",
  challenge_used: "The challenge is over",
  challenge_expired: "The challenge is over",
};

const OWN = {
  no_camera: ["No camera was found", "Connect a camera, or choose a video from this device.", "other"],
  camera_refused: ["The camera is not allowed",
    "Allow the camera for this page in the browser's address bar and record again, or choose a video from this device.",
    "other"],
  camera_failed: ["The camera did not record",
    "Close other programs that use it and record again, or choose a video from this device.", "other"],
  not_a_video: ["This file is not a video", "Choose an MP4, MOV, WebM, MKV or AVI file. Nothing was sent and nothing charged.",
    "other"],
  not_a_picture: ["This file is not a picture", "Choose a JPEG, PNG, WebP, HEIC or AVIF file. Nothing was sent and nothing charged.",
    "other"],
  is_a_picture: ["This is a picture, not a video", "A video tells far more. The picture service can judge it. Nothing was sent and nothing charged.",
    "other"],
  is_a_video: ["This is a video, not a picture", "The video service judges it, with far more evidence. Nothing was sent and nothing charged.",
    "other"],
  sample_lost: ["The sample could not be loaded", "Choose a video of your own, or load this page again.", "other"],
  stopped_waiting: ["You stopped waiting", "The service still works on an earlier try with this payment. Try again to get its answer; nothing is paid twice.",
    "again"],
  no_wallet: ["There is no wallet in this browser",
    "Install one that holds USDC, and load this page again; or pay from a program, as shown below.", "again"],
  wallet_refused: ["You did not sign", "Nothing was paid. Try again and confirm in your wallet when it asks.", "again"],
  wallet_busy: ["Your wallet is waiting", "A request is already open in the wallet. Answer it, then try again.", "again"],
  wallet_failed: ["Your wallet could not sign", "Nothing was paid. Unlock the wallet, and try again.", "again"],
  answer_lost: ["The answer is paid but could not be shown", "Try again: the same payment is sent, and nothing is paid twice.",
    "again"],
};

const FILM = {
  none: "No face was in the oval. Bring your whole face into it.",
  dark: "It is too dark. Let more light fall on your face.",
  bright: "It is too bright. Turn away from the light.",
  slow: "The camera gives too few frames. Close other programs that use it, or let in more light.",
};

export function isVoid(problem) {
  return VOID.has(problem.code);
}

// {title, text, next} for a problem. `signed`: a payment is signed and kept; `network`: name of the payment's network.
export function advise(problem, { signed, network, testMoney, kind = "video" }) {
  const { code, said, details } = problem;
  if (OWN[code]) {
    const [title, text, next] = OWN[code];
    return { title, text: text.replace("choose a video", `choose a ${kind}`), next };
  }
  if (code === "film_unusable") {
    return { title: "The recording cannot be judged", text: `${FILM[details.code] ?? FILM.none} Nothing was sent and nothing charged.`, next: "other" };
  }
  if (code === "wrong_network") {
    return { title: "Your wallet is on another network",
      text: `Switch it to ${network} and try again; if it does not know ${network}, add that network in the wallet first. Nothing was paid.`,
      next: "again" };
  }
  if (code === "unreachable") {
    return { title: "The service does not answer",
      text: signed
        ? "It stopped or the connection is lost. Try again: the payment that you signed is sent again, never a new one, so nothing is paid twice."
        : "It stopped or the connection is lost. Nothing was paid. Try again in a moment.",
      next: "again" };
  }
  if (code === "payment_invalid" && /insufficient|balance|funds/i.test(details?.reason ?? "")) {
    return { title: "Not enough money",
      text: testMoney
        ? "This wallet has too little test money here. Try again with test money that the page gets for you."
        : `Your wallet holds too little of this token on ${network}. Add some, or choose another account, and try again. Nothing was charged.`,
      next: "again" };
  }
  if (code === "payment_invalid" && /undeployed|factory/.test(details?.reason ?? "")) {
    return { title: "Your smart wallet is not deployed yet",
      text: `This wallet is a contract that does not exist on ${network} yet, and the service does not deploy it. Make a first transaction with it there, or choose another account, and try again. Nothing was charged.`,
      next: "again" };
  }
  if (VIDEO.has(code)) {
    const kept = signed ? ` Nothing was charged, and the payment that you signed is good for the next ${kind}.` : " Nothing was charged.";
    const title = TITLES[code] ?? `The ${kind} cannot be judged`;
    const more = said.startsWith(`${title}.`) ? said.slice(title.length + 1).trim() : said;
    return { title, text: more + kept, next: "other" };
  }
  if (VOID.has(code)) {
    return { title: "The payment cannot be used", text: `${said} Try again to sign a new one.`, next: "again" };
  }
  if (problem.status === 429) {
    return { title: "Too much at once", text: `${said} ${wait(problem.retryAfter)}`, next: "again" };
  }
  const text = said || "Something went wrong.";
  return { title: problem.status >= 500 ? "The service cannot answer now" : "It did not work",
    text: signed ? `${text} Try again: the same payment is sent again.` : text, next: "again" };
}

function wait(seconds) {
  return seconds ? `Wait ${seconds < 90 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`}.` : "Wait a little.";
}
