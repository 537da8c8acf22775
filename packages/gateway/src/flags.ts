import { parseArgs } from "node:util";

/** The gateway's command line. */
export interface Flags {
  readonly data: string;
  /** The broker's issuer. */
  readonly broker: string;
  readonly points: string | undefined;
  readonly pin: string;
  /** The broker is not named by flags, but on stdin once it is up. */
  readonly brokerOnStdin: boolean;
  readonly boot: string | undefined;
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly publicUrl: string | undefined;
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
  readonly connectors: string | undefined;
  readonly sealKey: string | undefined;
  readonly printPoint: boolean;
}

export const HELP = `remit-gateway --data DIR --broker ISSUER --pin FINGERPRINT [--points URL] [--boot HANDLE] [--name NAME] [--port N] [--host H]
              [--connectors DIR] [--seal-key FILE] [--public-url URL --tls-cert FILE --tls-key FILE] [--json]
remit-gateway --data DIR --broker-on-stdin …    # {"broker": ISSUER, "points": URL, "pin": FINGERPRINT} comes as one line
remit-gateway --data DIR --print-point
`;

/** A fingerprint may begin with a hyphen, so it is joined to its flag before anything takes it for one. */
const withPin = (args: readonly string[]): string[] =>
  args.flatMap((arg, at) =>
    args[at - 1] === "--pin" ? [] : arg === "--pin" ? [`--pin=${args[at + 1] ?? ""}`] : [arg],
  );

/** Reads the command line, or says what is wrong with it. */
export function readFlags(args: readonly string[]): Flags | string {
  const text = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  try {
    const { values } = parseArgs({
      args: withPin(args),
      strict: true,
      options: {
        ...{
          data: text,
          broker: text,
          points: text,
          pin: text,
          boot: text,
          name: text,
          host: text,
          port: text,
          "public-url": text,
        },
        ...{
          "tls-cert": text,
          "tls-key": text,
          connectors: text,
          "seal-key": text,
          "broker-on-stdin": flag,
          "print-point": flag,
          json: flag,
        },
      } as const,
    });
    const port = Number(values.port ?? "0");
    const fault = portFault(port) ?? brokerFault(values);
    if (values.data === undefined || fault !== undefined) return fault ?? "--data is needed";
    return {
      ...{
        data: values.data,
        broker: values.broker ?? "",
        points: values.points,
        pin: values.pin ?? "",
        boot: values.boot,
      },
      ...{
        name: values.name ?? "gw-local",
        host: values.host ?? "127.0.0.1",
        port,
        publicUrl: values["public-url"]?.replace(/\/$/, ""),
      },
      ...{
        tlsCert: values["tls-cert"],
        tlsKey: values["tls-key"],
        connectors: values.connectors,
        sealKey: values["seal-key"],
        printPoint: values["print-point"],
        brokerOnStdin: values["broker-on-stdin"],
      },
    };
  } catch (error) {
    return error instanceof Error ? error.message : "the flags cannot be read";
  }
}

const portFault = (port: number): string | undefined =>
  Number.isInteger(port) && port >= 0 && port <= 65_535 ? undefined : "a port is a number from 0 to 65535";

/** Why it is not clear which broker is meant: it is named once, by flags or on stdin. */
function brokerFault(values: {
  readonly broker?: string;
  readonly points?: string;
  readonly pin?: string;
  readonly boot?: string;
  readonly "broker-on-stdin": boolean;
  readonly "print-point": boolean;
}): string | undefined {
  const { broker, points, pin, boot } = values;
  if (values["broker-on-stdin"])
    return [broker, points, pin, boot].every((value) => value === undefined)
      ? undefined
      : "--broker-on-stdin takes the place of the flags that name the broker";
  return values["print-point"] || (broker !== undefined && pin !== undefined)
    ? undefined
    : "--broker and --pin are needed";
}

const LOOPBACK = ["127.0.0.1", "::1", "[::1]", "localhost"];

const isOrigin = (text: string): boolean =>
  /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text;

/** Why this combination is not served: anything beyond this machine is TLS with a name. */
export function flagFault(flags: Flags): string | undefined {
  const tls = flags.tlsCert !== undefined && flags.tlsKey !== undefined;
  if ((flags.tlsCert === undefined) !== (flags.tlsKey === undefined)) return "--tls-cert and --tls-key come together";
  const { publicUrl } = flags;
  if (publicUrl !== undefined && !isOrigin(publicUrl))
    return "--public-url is scheme and host, in small letters and without a path, as in https://gw.acme.example";
  if (publicUrl?.startsWith("http:") === true && (tls || !LOOPBACK.includes(new URL(publicUrl).hostname)))
    return "--public-url begins with https, unless this machine alone is served without TLS";
  if (!LOOPBACK.includes(flags.host) && !(tls && flags.publicUrl?.startsWith("https:") === true)) {
    return `\`${flags.host}\` is not this machine: give --tls-cert, --tls-key and an https --public-url`;
  }
  return undefined;
}
