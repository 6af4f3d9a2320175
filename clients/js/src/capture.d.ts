/** Types of `alive402/capture`: importing it defines the element `<alive-capture>` where there is a page. */

export type Movement = "turn_left" | "turn_right" | "look_up" | "look_down" | "open_mouth";

export interface CaptureEvents {
  /** The camera is on; the movements are not known yet. */
  "alive-ready": CustomEvent<Record<string, never>>;
  "alive-begun": CustomEvent<{ challengeId: string; answerBy: string }>;
  "alive-step": CustomEvent<{ kind: Movement; index: number; steps: number }>;
  /** `marks`: the seconds from the clip's first frame at which each movement was shown. */
  "alive-clip": CustomEvent<{ file: File; marks: { kind: Movement; at: number }[] }>;
  /** The service has the clip; `uploadUrl` is the `VideoUrl` of the paid call. */
  "alive-handed-over": CustomEvent<{ uploadUrl: string; challengeId: string }>;
  /** With the attribute `redraws`: make a new challenge with these options, and set its id as `challenge`. */
  "alive-redraw": CustomEvent<{ avoid: Movement[]; pace: "normal" | "slow" }>;
  /** `code` is the service's, or one of those in docs/challenge.md. */
  "alive-error": CustomEvent<{ code: string; message: string }>;
}

/** Attributes: `service`, `challenge`, `lang`, `pace` ("slow"), `redraws`. Slots: `consent`, `done`, `other-way`. */
export class AliveCapture extends HTMLElement {
  /** Texts by language; those of "en" are complete. */
  static texts: Record<string, Record<string, string>>;
  /** Opens the camera; call it in a click. Resolves when the clip is handed over or the take has ended. */
  start(): Promise<void>;
  /** Stops the camera and ends the take. */
  cancel(): void;
  addEventListener<Name extends keyof CaptureEvents>(
    name: Name, heard: (event: CaptureEvents[Name]) => void, options?: boolean | AddEventListenerOptions): void;
  addEventListener(name: string, heard: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void;
}

declare global {
  interface HTMLElementTagNameMap {
    "alive-capture": AliveCapture;
  }
}
