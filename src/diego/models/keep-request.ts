import { z } from "zod";

/**
 * Asks a cell not to remove the container of a Task that has failed, so that somebody can look into it. It stands in the
 * Task's annotation, as what is told of a container does (docs/known-differences.md#a-shell-in-the-failed-staging).
 */
export interface KeepRequest {
  /** From the failure on, or from the last terminal's end. */
  readonly forMs: number;
  /** Where a terminal begins. */
  readonly directory: string;
  /** Said in the container's log once its program has failed. */
  readonly line: string;
  /** Said then where it can go on from a script, whose name stands in place of `{script}`. */
  readonly retryLine?: string | undefined;
}

/** Seconds that a container may be asked to be kept. */
const keepSecondsMax = 86_400;

const annotationSchema = z.object({
  rivera: z.object({
    keep_failed: z.object({
      for_seconds: z.number().positive().max(keepSecondsMax),
      directory: z.string().startsWith("/").max(1024),
      line: z.string().max(1024),
      retry_line: z.string().max(1024).optional(),
    }),
  }),
});

export function keepAnnotation({ forMs, directory, line, retryLine }: KeepRequest) {
  return { keep_failed: { for_seconds: forMs / 1_000, directory, line, retry_line: retryLine } };
}

/** Undefined where the annotation asks for nothing: it may be anybody's text. */
export function keepRequestOf(annotation: string): KeepRequest | undefined {
  if (!annotation.startsWith("{")) return undefined;
  try {
    const { keep_failed: keep } = annotationSchema.parse(JSON.parse(annotation)).rivera;
    const { for_seconds: seconds, directory, line, retry_line: retryLine } = keep;
    return { forMs: seconds * 1_000, directory, line, retryLine };
  } catch {
    return undefined;
  }
}
