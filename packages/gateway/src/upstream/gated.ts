import type { Dispatcher } from "undici";
import type { Gate } from "../in-flight.ts";

/** A dispatcher that asks a gate in the moment in which a request would be written to its connection, and not earlier. */
export const gated = (dispatcher: Dispatcher, gate: Pick<Gate, "start">): Dispatcher =>
  dispatcher.compose((dispatch) => (options, handler) => dispatch(options, behind(gate, handler)));

function behind(gate: Pick<Gate, "start">, handler: Dispatcher.DispatchHandler): Dispatcher.DispatchHandler {
  return {
    onRequestStart(controller, context) {
      if (gate.start()) handler.onRequestStart?.(controller, context);
      else controller.abort(new Error("ended before it was sent"));
    },
    onResponseStart: (...told) => handler.onResponseStart?.(...told),
    onResponseData: (...told) => handler.onResponseData?.(...told),
    onResponseEnd: (...told) => handler.onResponseEnd?.(...told),
    onResponseError: (...told) => handler.onResponseError?.(...told),
  };
}
