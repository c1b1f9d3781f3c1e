import { isPlainObject, secretTexts, withoutValues } from "#base";
import { ApiError } from "./api_error.ts";

/** Shorter values are words of many messages. */
const LENGTH_MIN = 6;

/**
 * The refusal of a write without what it repeats of a Secret that was to be written; other errors are as they were.
 *
 * @param kind of the object
 * @param written the object, or what was to change of it
 */
export function withoutWritten(error: unknown, kind: string, written: unknown): unknown {
  if (!(error instanceof ApiError) || kind !== "Secret" || !isPlainObject(written)) return error;
  const { data, stringData } = written;
  const values = secretTexts({ apiVersion: "v1", kind, metadata: { name: "" }, data, stringData })
    .filter((value) => value.trim().length >= LENGTH_MIN);
  if (values.length === 0) return error;
  const { aboutKind, aboutName, ask, causes, reason, retryAfterMs, status, text } = withoutRepeated(
    error,
    values,
  );
  return new ApiError({
    ...{ aboutKind, aboutName, ask, reason, retryAfterMs, status, text },
    causes: causes.map((cause) => ({
      ...cause,
      ...(cause.field === undefined ? {} : { field: withoutValues(cause.field, values) }),
    })),
  });
}

/**
 * A refusal without any of these values, and without its cause, which may have the words as well. The paths of fields stay as
 * they are: who decides by them needs them.
 */
export function withoutRepeated(error: ApiError, values: readonly string[]): ApiError {
  if (values.length === 0) return error;
  const { aboutKind, aboutName, ask, causes, reason, retryAfterMs, status } = error;
  return new ApiError({
    ...{ aboutKind, aboutName, ask, reason, retryAfterMs, status },
    text: withoutValues(error.text, values),
    causes: causes.map((cause) => ({
      ...cause,
      ...(cause.message === undefined ? {} : { message: withoutValues(cause.message, values) }),
    })),
  });
}
