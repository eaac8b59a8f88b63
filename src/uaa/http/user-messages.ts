import { z } from "zod";
import { uaaOrigin } from "../grants/grant-steps.ts";
import { UaaError } from "../uaa-error.ts";
import type { User, UserProfile } from "../users/user-table.ts";

const text = z.string().max(255);
const email = z.looseObject({ value: text.nullish() });

/** A user as a request describes it; unknown and read-only attributes are ignored, as by UAA. */
const userMessage = z.object({
  userName: text.nullish(),
  password: z.string().max(4_096).nullish(),
  /** The official client sends "" where none was given. */
  origin: z.string().max(36).nullish(),
  name: z.object({ givenName: text.nullish(), familyName: text.nullish() }).nullish(),
  emails: z.array(email).nullish(),
  active: z.boolean().nullish(),
  verified: z.boolean().nullish(),
});

export type UserMessage = z.infer<typeof userMessage>;
export const userMessageSchema = userMessage;

const userNamePattern = /^[\p{L}+0-9+\-_.@'!]+$/u;

/**
 * What `POST` and `PUT` make of a message.
 * @throws UaaError `invalid_scim_resource`, with UAA's texts and in its order
 */
export function profileOf(
  message: UserMessage,
  known: Pick<User, "origin" | "isActive" | "isVerified">,
): UserProfile {
  const userName = message.userName?.trim() ?? "";
  if (userName === "") throw refusal("A username must be provided.");
  if (known.origin === uaaOrigin && !userNamePattern.test(userName)) {
    throw refusal("Username must match pattern: [\\p{L}+0-9+\\-_.@'!]+");
  }
  const [only, ...others] = message.emails ?? [];
  if (only === undefined || others.length > 0) {
    throw refusal("Exactly one email must be provided.");
  }
  if (only.value === undefined || only.value === null || only.value === "") {
    throw refusal("An email must be provided.");
  }
  return {
    userName,
    email: only.value,
    givenName: message.name?.givenName ?? "",
    familyName: message.name?.familyName ?? "",
    isActive: message.active ?? known.isActive,
    isVerified: message.verified ?? known.isVerified,
  };
}

/** What `PATCH` makes of a message: what it leaves out stays. */
export function patched(message: UserMessage, user: User): UserMessage {
  return {
    ...message,
    userName: message.userName ?? user.userName,
    name: {
      givenName: message.name?.givenName ?? user.givenName,
      familyName: message.name?.familyName ?? user.familyName,
    },
    emails: message.emails ?? [{ value: user.email }],
  };
}

export function isOnlyNameDifferent(user: User, profile: UserProfile): boolean {
  return (
    profile.userName === user.userName &&
    profile.email === user.email &&
    profile.isActive === user.isActive &&
    profile.isVerified === user.isVerified
  );
}

function refusal(description: string): UaaError {
  return new UaaError("invalid_scim_resource", description);
}
