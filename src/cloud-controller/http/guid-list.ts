import { z } from "zod";

/** The body `{"data": [{"guid": "..."}]}` of a to-many relationship by itself; `fault` tells of a guid that is none. */
export function guidListMessage(fault: (guid: unknown, index: number) => string) {
  return z.strictObject({
    data: z
      .array(z.looseObject({ guid: z.unknown() }, { error: "Data must be an array of objects" }), {
        error: "Data must be an array",
      })
      .min(1, { error: "Data can't be blank" })
      .transform((items, context) =>
        items.flatMap(({ guid }, index) => {
          if (typeof guid === "string") return [guid];
          context.addIssue({ code: "custom", message: fault(guid, index) });
          return [];
        }),
      )
      .transform((guids) => [...new Set(guids)]),
  });
}

/** As most resources have it. */
export const toManyMessage = guidListMessage(
  (_guid, index) => `Invalid data type: Data[${index}] guid should be a string.`,
);

/** As Ruby prints a list, which is how it stands in Cloud Controller's texts: `["a", "b"]`. */
export function printList(texts: readonly string[]): string {
  return `[${texts.map((text) => JSON.stringify(text)).join(", ")}]`;
}
