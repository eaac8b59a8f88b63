/**
 * Cloud Foundry's list of API errors (vendor/errors/v2.yml of cloud_controller_ng), as far as we answer them. The client
 * maps by status, title and at times by the exact text, so none of the three is ours to change.
 */
const cfErrors = {
  MessageParseError: {
    code: 1001,
    status: 400,
    detail: "Request invalid due to parse error: invalid request body",
  },
  InvalidRelation: { code: 1002, status: 400, detail: "The relation is invalid" },
  InvalidContentType: { code: 1003, status: 400, detail: "Invalid content type" },
  InvalidRequest: { code: 10004, status: 400, detail: "The request is invalid" },
  BadRequest: { code: 1004, status: 400, detail: "Bad request" },
  PayloadTooLarge: { code: 1004, status: 413, detail: "The request body is too large" },
  RequestTimeout: { code: 1004, status: 408, detail: "The request body came too slowly" },
  InvalidAuthToken: { code: 1000, status: 401, detail: "Invalid Auth Token" },
  NotFound: { code: 10000, status: 404, detail: "Unknown request" },
  UnknownError: {
    code: 10001,
    status: 500,
    detail: "An unknown error occurred.",
  },
  NotAuthenticated: { code: 10002, status: 401, detail: "Authentication error" },
  NotAuthorized: {
    code: 10003,
    status: 403,
    detail: "You are not authorized to perform the requested action",
  },
  BadQueryParameter: { code: 10005, status: 400, detail: "The query parameter is invalid" },
  AssociationNotEmpty: { code: 10006, status: 400, detail: "The association is not empty" },
  UnprocessableEntity: { code: 10008, status: 422, detail: "The request is semantically invalid" },
  ResourceNotFound: { code: 10010, status: 404, detail: "Resource not found" },
  RateLimitExceeded: { code: 10013, status: 429, detail: "Rate Limit Exceeded" },
  IPBasedRateLimitExceeded: {
    code: 10014,
    status: 429,
    detail:
      "Rate Limit Exceeded: Unauthenticated requests from this IP address have exceeded the limit. Please log in.",
  },
  ServiceUnavailable: { code: 10015, status: 503, detail: "Service unavailable" },
  UniquenessError: { code: 10016, status: 422, detail: "The name is taken" },
  OrgSuspended: { code: 10017, status: 403, detail: "The organization is suspended" },
  SpaceSuspended: { code: 10019, status: 403, detail: "The space is suspended" },
  ResourceBeingDeleted: { code: 10020, status: 422, detail: "The resource is being deleted" },
  UserNotFound: { code: 20003, status: 404, detail: "The user could not be found" },
  UaaUnavailable: {
    code: 20004,
    status: 503,
    detail: "The UAA service is currently unavailable",
  },
  PackageBitsAlreadyUploaded: {
    code: 150004,
    status: 400,
    detail: "Bits may be uploaded only once. Create a new package to upload different bits.",
  },
  BlobstoreError: {
    code: 150007,
    status: 500,
    detail: "Failed to perform blobstore operation after three retries.",
  },
  BlobstoreUnavailable: {
    code: 150006,
    status: 502,
    detail: "Failed to perform operation due to blobstore unavailability.",
  },
  StagingError: { code: 170001, status: 400, detail: "Staging error" },
  StagerUnavailable: { code: 170010, status: 503, detail: "Stager is unavailable" },
  StagerError: { code: 170011, status: 500, detail: "Stager error" },
  RunnerInvalidRequest: { code: 170014, status: 500, detail: "Runner invalid request" },
  RunnerUnavailable: { code: 170015, status: 503, detail: "Runner is unavailable" },
  RunnerError: { code: 170016, status: 500, detail: "Runner error" },
  StagingInProgress: {
    code: 170017,
    status: 422,
    detail: "Only one build can be STAGING at a time per application.",
  },
  TaskError: { code: 170019, status: 500, detail: "Task failed" },
  TaskWorkersUnavailable: {
    code: 170020,
    status: 503,
    detail: "Task workers are unavailable",
  },
  StatsUnavailable: { code: 200002, status: 503, detail: "Stats unavailable" },
  StackValidationFailed: { code: 250004, status: 422, detail: "The stack cannot be used" },
  BuildpackInvalid: { code: 290003, status: 400, detail: "Buildpack is invalid" },
  BuildpackNameStackLifecycleTaken: {
    code: 290000,
    status: 422,
    detail: "The buildpack name is already in use",
  },
  CustomBuildpacksDisabled: {
    code: 290004,
    status: 400,
    detail: "Custom buildpacks are disabled",
  },
  JobTimeout: { code: 290006, status: 524, detail: "The job execution has timed out." },
  OrganizationDeletionFailed: {
    code: 290010,
    status: 502,
    detail: "Deletion of organization failed",
  },
  FeatureDisabled: { code: 330002, status: 403, detail: "Feature Disabled" },
  ProcessNotFound: { code: 350003, status: 404, detail: "The process could not be found" },
  BuildpackStacksDontMatch: {
    code: 390011,
    status: 422,
    detail: "Uploaded buildpack stack does not match",
  },
  BuildpackStackDoesNotExist: {
    code: 390012,
    status: 422,
    detail: "Uploaded buildpack stack does not exist",
  },
  BuildpackZipError: { code: 390013, status: 422, detail: "Buildpack zip error" },
  LabelLimitExceeded: { code: 390020, status: 422, detail: "Failed to add labels" },
  AnnotationLimitExceeded: { code: 390023, status: 422, detail: "Failed to add annotations" },
} as const;

export type CfErrorName = keyof typeof cfErrors;

/** One entry of Cloud Controller's error document. */
export interface CfErrorEntry {
  readonly code: number;
  readonly title: string;
  readonly detail: string;
}

/** An answer of the API that is an error, thrown by any action; the server turns it into Cloud Controller's document. */
export class CfError extends Error {
  override readonly name = "CfError";
  readonly title: CfErrorName;
  readonly status: number;
  readonly entries: readonly CfErrorEntry[];

  /** Several details make several entries of that name (manifests); none takes the name's own text. */
  constructor(
    title: CfErrorName,
    details: string | readonly string[] = [],
    options?: ErrorOptions,
  ) {
    const { code, status, detail } = cfErrors[title];
    const texts = typeof details === "string" ? [details] : details;
    const entries = (texts.length === 0 ? [detail] : texts).map((text) => ({
      code,
      title: title === "UnknownError" ? title : `CF-${title}`,
      detail: text,
    }));
    super(entries.map((entry) => entry.detail).join(", "), options);
    this.title = title;
    this.status = status;
    this.entries = entries;
  }
}

/** 404 "App not found": missing, or not to be seen by this user; the two must not differ. */
export function notFound(resource: string): CfError {
  return new CfError("ResourceNotFound", `${resource} not found`);
}

export function unprocessable(...details: readonly string[]): CfError {
  return new CfError("UnprocessableEntity", details);
}

export function badQuery(detail: string): CfError {
  return new CfError("BadQueryParameter", `The query parameter is invalid: ${detail}`);
}
