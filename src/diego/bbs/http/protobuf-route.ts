import {
  create,
  fromBinary,
  toBinary,
  type DescMessage,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import { encodeBbsError } from "#diego/models/bbs-error-codec.ts";
import { BbsError } from "#diego/models/bbs-error.ts";
import { RefusedResponseSchema } from "#diego/models/proto/error_pb.js";

/** `POST path`: the bytes of a request message to those of its response. */
export interface ProtobufRoute {
  readonly path: string;
  /** @throws {BbsError} which goes out as `refusedResponse`. */
  handle(body: Uint8Array): Promise<Uint8Array>;
}

export function protobufRoute<Request extends DescMessage, Response extends DescMessage>(
  path: string,
  schemas: { readonly request: Request; readonly response: Response },
  answer: (request: MessageShape<Request>) => Promise<MessageInitShape<Response>>,
): ProtobufRoute {
  return {
    path,
    async handle(body) {
      const response = await answer(parseRequest(schemas.request, body));
      return toBinary(schemas.response, create(schemas.response, response));
    },
  };
}

/** @throws {BbsError} InvalidRequest where the bytes are no such message. */
export function parseRequest<Request extends DescMessage>(
  schema: Request,
  body: Uint8Array,
): MessageShape<Request> {
  try {
    return fromBinary(schema, body);
  } catch (cause) {
    throw new BbsError("InvalidRequest", "the request received is invalid", { cause });
  }
}

export function refusedResponse(error: BbsError): Uint8Array {
  return toBinary(
    RefusedResponseSchema,
    create(RefusedResponseSchema, { error: encodeBbsError(error) }),
  );
}

/** @throws {BbsError} InvalidRequest where it is empty. */
export function mandatory(field: string, text: string): string {
  if (text === "") throw new BbsError("InvalidRequest", `Invalid field: ${field}`);
  return text;
}
