import { parseArgs } from "node:util";

/** The broker's command line. */
export interface Flags {
  readonly data: string;
  readonly config: string;
  readonly host: string;
  readonly port: number;
  readonly pointsPort: number;
  readonly sealKey: string | undefined;
  readonly publicUrl: string | undefined;
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
  readonly enrol: readonly string[];
  readonly applyConfig: boolean;
  readonly check: boolean;
}

export const HELP = `remit-broker --data DIR --config DIR [--port N] [--points-port N] [--host H] [--seal-key FILE]
             [--public-url URL --tls-cert FILE --tls-key FILE] [--enrol POINT.json]… [--apply-config] [--json]
remit-broker --check --config DIR
`;

/** Reads the command line, or says what is wrong with it. */
export function readFlags(args: readonly string[]): Flags | string {
  const text = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  try {
    const { values } = parseArgs({
      args: [...args],
      strict: true,
      options: {
        ...{
          data: text,
          config: text,
          host: text,
          port: text,
          "points-port": text,
          "seal-key": text,
          "public-url": text,
          "tls-cert": text,
          "tls-key": text,
        },
        ...{
          enrol: { type: "string", multiple: true },
          "apply-config": flag,
          check: flag,
          json: flag,
        },
      } as const,
    });
    const [port, pointsPort] = [Number(values.port ?? "0"), Number(values["points-port"] ?? "0")];
    if (![port, pointsPort].every((number) => Number.isInteger(number) && number >= 0 && number <= 65_535))
      return "a port is a number from 0 to 65535";
    if (values.config === undefined || (values.data === undefined && !values.check))
      return "--data and --config are needed";
    return {
      data: values.data ?? "",
      config: values.config,
      host: values.host ?? "127.0.0.1",
      port,
      pointsPort,
      sealKey: values["seal-key"],
      publicUrl: values["public-url"]?.replace(/\/$/, ""),
      tlsCert: values["tls-cert"],
      tlsKey: values["tls-key"],
      enrol: values.enrol ?? [],
      applyConfig: values["apply-config"],
      check: values.check,
    };
  } catch (error) {
    return error instanceof Error ? error.message : "the flags cannot be read";
  }
}

const LOOPBACK = ["127.0.0.1", "::1", "[::1]", "localhost"];

export const isLoopback = (host: string): boolean => LOOPBACK.includes(host);

const isOrigin = (text: string): boolean =>
  /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text;

/** Why this combination is not served: anything beyond this machine is TLS with a name. */
export function flagFault(flags: Flags): string | undefined {
  const tls = flags.tlsCert !== undefined && flags.tlsKey !== undefined;
  if ((flags.tlsCert === undefined) !== (flags.tlsKey === undefined)) return "--tls-cert and --tls-key come together";
  const { publicUrl } = flags;
  if (publicUrl !== undefined && !isOrigin(publicUrl))
    return "--public-url is scheme and host, in small letters and without a path, as in https://remit.acme.example";
  if (publicUrl?.startsWith("http:") === true && (tls || !LOOPBACK.includes(new URL(publicUrl).hostname)))
    return "--public-url begins with https, unless this machine alone is served without TLS";
  if (!LOOPBACK.includes(flags.host) && !(tls && flags.publicUrl?.startsWith("https:") === true)) {
    return `\`${flags.host}\` is not this machine: give --tls-cert, --tls-key and an https --public-url`;
  }
  return undefined;
}
