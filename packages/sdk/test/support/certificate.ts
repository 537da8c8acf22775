import { createPublicKey, type KeyObject, randomBytes, sign, X509Certificate } from "node:crypto";

/** DER of one element: tag, length, content. */
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

const SEQUENCE = 0x30;
const ECDSA_SHA256 = Buffer.from("300a06082a8648ce3d040302", "hex");
const COMMON_NAME = Buffer.from("0603550403", "hex");

/** PEM of a self-signed certificate of a P-256 key (RFC 5280 4.1), valid for a century. */
export function selfSigned(key: KeyObject, name: string): string {
  const attribute = der(SEQUENCE, COMMON_NAME, der(0x0c, Buffer.from(name)));
  const subject = der(SEQUENCE, der(0x31, attribute));
  const validity = der(SEQUENCE, der(0x17, Buffer.from("200101000000Z")), der(0x18, Buffer.from("21200101000000Z")));
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  const serial = der(0x02, Buffer.from([1]), randomBytes(8));
  const version = der(0xa0, der(0x02, Buffer.from([2])));
  const body = der(SEQUENCE, version, serial, ECDSA_SHA256, subject, validity, subject, spki);
  const signature = der(0x03, Buffer.from([0]), sign("sha256", body, key));
  return new X509Certificate(der(SEQUENCE, body, ECDSA_SHA256, signature)).toString();
}
