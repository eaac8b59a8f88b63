import type { BlobKey } from "#blobstore/blobstore.ts";
import type { SignedUrls } from "./signed-urls.ts";

/** Where `registerBlobDownloads` serves; below it bucket and path of the blob. */
export const blobsPath = "/v1/blobs";
/** The same for people, on the public origin. */
export const publicBlobsPath = "/rivera/v1/blobs";

/** Makes the URLs by which cells (internal) and people (public) fetch a blob. */
export class BlobUrls {
  readonly #signedUrls: SignedUrls;
  readonly #internalUrl: () => string;
  readonly #externalUrl: string;

  /** `internalUrl` is known once the internal listener is bound. */
  constructor(options: {
    readonly signedUrls: SignedUrls;
    readonly internalUrl: () => string;
    readonly externalUrl: string;
  }) {
    this.#signedUrls = options.signedUrls;
    this.#internalUrl = options.internalUrl;
    this.#externalUrl = options.externalUrl.replace(/\/+$/, "");
  }

  forCell(key: BlobKey, options: { readonly permanent?: boolean } = {}): string {
    return this.internal("GET", `${blobsPath}/${key.bucket}/${key.path}`, options);
  }

  forPerson(key: BlobKey): string {
    const path = `${publicBlobsPath}/${key.bucket}/${key.path}`;
    return `${this.#externalUrl}${this.#signedUrls.sign("GET", path)}`;
  }

  /** Any signed URL of the internal listener. */
  internal(
    method: "GET" | "POST",
    path: string,
    options: { readonly permanent?: boolean } = {},
  ): string {
    return `${this.#internalUrl()}${this.#signedUrls.sign(method, path, options)}`;
  }
}
