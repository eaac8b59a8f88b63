import { z } from "zod";

/** A name of 1 to 255 printable characters, as apps, organizations and spaces have. Blanks at the ends are dropped. */
export const resourceName = nameFrom(z.string());

/** As `resourceName`, in the messages that ask for its presence: where there is none it is blank, not no string. */
export const presentResourceName = nameFrom(
  z.string({
    error: ({ input }) => (input === undefined || input === null ? "can't be blank" : undefined),
  }),
);

function nameFrom(text: z.ZodString) {
  return text
    .transform((given) => given.trim())
    .pipe(
      z
        .string()
        .min(1, { error: "can't be blank" })
        .max(255)
        .regex(/^[^\p{Cc}\p{Cs}]*$/u, { error: "must not contain escaped characters" }),
    );
}

/** A name that need not be printable; without one the text is Cloud Controller's for a blank. */
export function requiredName(maximum: number) {
  return z
    .string({
      error: ({ code, input }) =>
        code === "invalid_type" && input === undefined ? "can't be blank" : undefined,
    })
    .min(1, { error: "can't be blank" })
    .max(maximum);
}
