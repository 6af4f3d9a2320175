/** Types of `alive402/react`. */

import type { AliveCapture as Element, CaptureEvents } from "./capture.js";

type Detail<Name extends keyof CaptureEvents> = (detail: CaptureEvents[Name]["detail"]) => void;

export interface AliveCaptureProps {
  /** URL of the service; default: the page's own origin. */
  service?: string;
  challenge: string;
  lang?: string;
  pace?: "normal" | "slow";
  redraws?: boolean;
  onReady?: Detail<"alive-ready">;
  onBegun?: Detail<"alive-begun">;
  onStep?: Detail<"alive-step">;
  onClip?: Detail<"alive-clip">;
  onHandedOver?: Detail<"alive-handed-over">;
  onRedraw?: Detail<"alive-redraw">;
  onError?: Detail<"alive-error">;
  /** Elements with `slot="consent"`, `slot="done"` or `slot="other-way"`. */
  children?: any;
  ref?: { current: Element | null } | ((element: Element | null) => void) | null;
}

export function AliveCapture(props: AliveCaptureProps): any;
