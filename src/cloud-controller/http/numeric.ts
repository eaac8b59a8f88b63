import { z } from "zod";

/**
 * A number of a body that Cloud Controller checks with Rails' `numericality`: a string of digits counts as the number
 * (`"memory_in_mb": "256"`), and other strings are refused in the words of `schema`.
 */
export function numeric<Schema extends z.ZodType>(schema: Schema) {
  return z.preprocess(numberOf, schema);
}

/** `"256"` -> 256, `"1.5"` -> 1.5; anything else is left as it is, `"1.0"` too, which Rails calls no integer. */
export function numberOf(value: unknown): unknown {
  if (typeof value !== "string" || !/^[+-]?\d+(?:\.\d+)?$/.test(value)) return value;
  const number = Number(value);
  return value.includes(".") && Number.isInteger(number) ? value : number;
}
