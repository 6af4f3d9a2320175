// <AliveCapture>: the element <alive-capture> in React, with its events as properties.

import { createElement, forwardRef, useEffect, useImperativeHandle, useRef } from "react";

import "./capture.js";

const EVENTS = {
  onReady: "alive-ready",
  onBegun: "alive-begun",
  onStep: "alive-step",
  onClip: "alive-clip",
  onHandedOver: "alive-handed-over",
  onRedraw: "alive-redraw",
  onError: "alive-error",
};

export const AliveCapture = forwardRef(function AliveCapture({ redraws, ...given }, outer) {
  const element = useRef(null);
  useImperativeHandle(outer, () => element.current, []);
  useEffect(() => {
    const heard = Object.entries(EVENTS).filter(([name]) => given[name]).map(([name, event]) => [event, ({ detail }) => given[name](detail)]);
    for (const [event, work] of heard) element.current.addEventListener(event, work);
    return () => heard.forEach(([event, work]) => element.current?.removeEventListener(event, work));
  });
  const attributes = Object.fromEntries(Object.entries(given).filter(([name]) => !(name in EVENTS)));
  return createElement("alive-capture", { ...attributes, redraws: redraws ? "" : undefined, ref: element });
});
