import { z } from "zod";
import { Failure } from "../failure.ts";
import type { HttpAnswer } from "./http-transport.ts";

const documentSchema = z.object({
  errors: z
    .array(
      z.object({
        code: z.number().default(0),
        title: z.string().default(""),
        detail: z.string().default(""),
      }),
    )
    .min(1),
});

export type V3Error = z.infer<typeof documentSchema>["errors"][number];

/** An answer of 400 or more from Cloud Controller, worded as the official client words it. */
export class ApiError extends Failure {
  readonly status: number;
  readonly errors: readonly V3Error[];

  constructor(status: number, errors: readonly V3Error[], message: string) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.errors = errors;
  }

  /** What the first error says. */
  get detail(): string {
    return this.errors.at(0)?.detail ?? "";
  }

  /** Neither a refusal that the official client knows nor a bad request: something the user cannot mend. */
  get isUnexpected(): boolean {
    if (this.errors.length > 1) return false;
    return ![400, 401, 403, 404, 422, 503].includes(this.status);
  }
}

export function isNotFound(error: unknown, detail?: string): boolean {
  if (!(error instanceof ApiError) || error.status !== 404) return false;
  return detail === undefined || error.detail === detail;
}

export function isUnprocessable(error: unknown, pattern: RegExp): error is ApiError {
  return error instanceof ApiError && error.status === 422 && pattern.test(error.detail);
}

export function toApiError(url: string, answer: HttpAnswer): Failure {
  const text = answer.body.toString("utf8");
  const requestId = answer.headers["x-vcap-request-id"];
  if (answer.status >= 500 && answer.status !== 503) {
    const errors = [{ code: 0, title: "", detail: text }];
    return new ApiError(answer.status, errors, unexpected(answer.status, requestId, errors));
  }
  const errors = parseErrors(text);
  const [first] = errors;
  if (first === undefined) {
    if (answer.status === 404) return new Failure(`API endpoint not found at '${url}'`);
    return new Failure(`Error unmarshalling the following into a cloud controller error: ${text}`);
  }
  return new ApiError(answer.status, errors, wording(answer.status, { url, requestId, errors }));
}

function wording(
  status: number,
  { url, requestId, errors }: { url: string; requestId: unknown; errors: readonly V3Error[] },
): string {
  const detail = errors.at(0)?.detail ?? "";
  if (errors.length > 1) {
    return `Multiple errors occurred:\n${errors.map((error) => `- ${error.detail}`).join("\n")}`;
  }
  if (status === 404 && detail === "Unknown request") return `API endpoint not found at '${url}'`;
  if (status === 422 && detail.includes("Unknown field(s): 'options'")) {
    return "'--max-in-flight' flag requires CF API version 3.173.0 or higher.";
  }
  if (status === 422 && detail.includes("Assign a droplet before starting this app.")) {
    return "App cannot start without a package to stage or a droplet to run.";
  }
  if ([400, 401, 403, 404, 422, 503].includes(status)) return detail;
  return unexpected(status, requestId, errors);
}

function unexpected(status: number, requestId: unknown, errors: readonly V3Error[]): string {
  return [
    "Unexpected Response",
    `Response Code: ${status}`,
    ...(typeof requestId === "string" ? [`Request ID:    ${requestId}`] : []),
    ...errors.map(({ code, title, detail }) => `Code: ${code}, Title: ${title}, Detail: ${detail}`),
  ].join("\n");
}

function parseErrors(text: string): readonly V3Error[] {
  try {
    return documentSchema.safeParse(JSON.parse(text)).data?.errors ?? [];
  } catch {
    return [];
  }
}
