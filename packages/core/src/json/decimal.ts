/** Whether the shortest text of the double has the same decimal value as what was written. */
export function isExact(written: string, value: number): boolean {
  if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))) return false;
  const [digits, exponent] = decimal(written);
  const [shortDigits, shortExponent] = decimal(String(value));
  return digits === shortDigits && exponent === shortExponent;
}

/** Significant digits with sign, without zeros at either end, and the power of ten of the last one. */
function decimal(text: string): readonly [digits: string, exponent: number] {
  const [mantissa = "", power = "0"] = text.toLowerCase().split("e");
  const [whole = "", fraction = ""] = mantissa.replace("-", "").split(".");
  const all = `${whole}${fraction}`.replace(/^0+/, "");
  const digits = withoutTrailingZeros(all);
  if (digits === "") return ["0", 0];
  return [
    `${mantissa.startsWith("-") ? "-" : ""}${digits}`,
    Number(power) - fraction.length + (all.length - digits.length),
  ];
}

/** In one pass: a regular expression anchored at the end takes time squared in the zeros before it. */
function withoutTrailingZeros(digits: string): string {
  let end = digits.length;
  while (end > 0 && digits.charCodeAt(end - 1) === 0x30) end--;
  return digits.slice(0, end);
}
