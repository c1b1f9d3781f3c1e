/** What Kubernetes' validation says about fields, as far as it repeats no value. `#` stands for a number. */

const CONSIST = "alphanumeric characters, '-', '_' or '.', and must start and end with an " +
  "alphanumeric character";
const SUBDOMAIN = "a lowercase RFC # subdomain must consist of lower case alphanumeric " +
  "characters, '-' or '.', and must start and end with an alphanumeric character";
const LABEL =
  "a lowercase RFC # label must consist of lower case alphanumeric characters or '-', " +
  "and must start and end with an alphanumeric character";
const VARIABLE = "a valid environment variable name must consist only of printable ASCII " +
  "characters other than '='";

/** Names, labels and keys. */
const NAMES = [
  `a valid label must be an empty string or consist of ${CONSIST}`,
  `name part must consist of ${CONSIST}`,
  `a qualified name must consist of ${CONSIST}`,
  `a qualified name must consist of ${CONSIST} with an optional DNS subdomain prefix and '/'`,
  SUBDOMAIN,
  `prefix part ${SUBDOMAIN}`,
  LABEL,
  `prefix part ${LABEL}`,
  "a DNS-# label must consist of lower case alphanumeric characters or '-', start with an " +
  "alphabetic character, and end with an alphanumeric character",
  "a wildcard DNS-# subdomain must start with '*.', followed by a valid DNS subdomain, which must " +
  "consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
  VARIABLE,
  "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or " +
  "'.', and must not start with a digit",
  "a valid C identifier must start with alphabetic character or '_', followed by a string of " +
  "alphanumeric characters or '_'",
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
  "a valid percent string must be a numeric string followed by an ending '%'",
  "a valid HTTP header must consist of alphanumeric characters or '-'",
  "name part must be non-empty",
  "prefix part must be non-empty",
  "name is neither a standard finalizer name nor is it fully qualified",
  "name or generateName is required",
  "must be a standard resource type or fully qualified",
  "must be a standard resource for containers",
  "must be a standard resource for quota",
  "must contain only alpha-numeric characters (a-z, #-#), and hyphens (-)",
  "must contain at least one letter (a-z)",
  "must contain at least one letter or number (a-z, #-#)",
  "must not contain consecutive hyphens",
  "must not begin or end with a hyphen",
  "must not contain dots",
  "should be a domain with at least two segments separated by dots",
  "should be a domain with at least three segments separated by dots",
  "duplicate of key present in binaryData",
  "a lowercase UUID",
];

/** Lengths, numbers, times and addresses. */
const BOUNDS = [
  ...["bytes", "characters"].flatMap((unit) => [
    `must be no more than # ${unit}`,
    `may not be more than # ${unit}`,
    `may not be longer than # ${unit}`,
    `must have at most # ${unit}`,
    `must be at least # ${unit}`,
  ]),
  "must be no more than # bytes in length",
  "must have at most # items",
  "must have at least # items",
  "must be between # and #, inclusive",
  "must be between # and #",
  "must be in the range #-#, inclusive",
  ...["zero", "#"].flatMap((bound) => [
    `must be greater than ${bound}`,
    `must be greater than or equal to ${bound}`,
    `must be less than ${bound}`,
    `must be less than or equal to ${bound}`,
    `should be greater than ${bound}`,
    `should be greater than or equal to ${bound}`,
    `should be less than ${bound}`,
    `should be less than or equal to ${bound}`,
    `must be equal to ${bound}`,
  ]),
  "should be at least # chars long",
  "should be at most # chars long",
  "should have at least # items",
  "should have at most # items",
  "should have at least # properties",
  "should have at most # properties",
  "should be a multiple of #",
  "shouldn't contain duplicates",
  "must be non-negative",
  "must not be negative",
  "must be positive",
  "must be an integer",
  "must be a positive number",
  "must be greater than or equal to `minReplicas`",
  "must be less than or equal to request",
  "must be less than the deadline",
  "must be a valid IP address",
  "must be a valid IPv# address",
  "must be a valid IPv# address,",
  "must be a valid CIDR value",
  "must be in canonical form",
  "must be a non-loopback IP address",
  "should not be a multiple",
  "timeoutSeconds must be greater than zero",
];

/** What may be empty, together, and of which form. */
const FORMS = [
  "must not be empty",
  "can not be empty",
  "cannot be empty",
  "must be empty",
  "must be set",
  "must be specified",
  "must be unique",
  "must be non-empty",
  "must specify a handler type",
  "must specify one of",
  "must specify at least one of",
  "must specify a volume type",
  "must not be specified",
  "must not have leading or trailing whitespace",
  "must not contain '..'",
  "must not start with '..'",
  "must not be '..'",
  "must not be '.'",
  "must be an absolute path",
  "must be a relative path",
  "must not contain ':'",
  "must be 'OrderedReady' or 'Parallel'",
  "must be 'Always'",
  "may not specify more than # volume type",
  "may not specify more than # handler type",
  "may not be specified when `value` is not empty",
  "may not have more than one field specified at a time",
  "may not be specified when strategy `type` is 'Recreate'",
  "may not be # when `maxSurge` is #",
  "may not be # when `maxUnavailable` is #",
  "may not be used when `type` is 'ExternalName'",
  "must be specified when `operator` is 'In' or 'NotIn'",
  "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
  "must be empty when `operator` is 'Exists'",
  "not a valid selector operator",
  "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`",
  "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`",
  "cannot set `allowPrivilegeEscalation` to false and `privileged` to true",
  "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN",
  "`selector` does not match template `labels`",
  "empty selector is invalid for deployment",
  "empty selector is invalid for statefulset",
  "empty selector is invalid for daemonset",
  "minAvailable and maxUnavailable cannot be both set",
  "either `defaultBackend` or `rules` must be specified",
  "at least # access mode is required",
  "verbs must contain at least one value",
  "resource rules must supply at least one resource",
  "resource rules must supply at least one api group",
  "namespaced rules cannot apply to non-resource URLs",
  "apiVersion must specify API group",
  "unsupported scope",
  "Limit must be set for non overcommitable resources",
  "Limit must be set for non overcommitable resources.",
  'valid values: "OnFailure", "Never"',
  "must be set for job",
  "must be a valid value",
  "must be a valid secret type",
  "some validation rules were not checked because the object was invalid; correct the existing " +
  "errors to complete validation",
  "pathType must be specified",
  "cannot set service and resource backends at the same time",
  "must be manifests",
  "disallowed by cluster policy",
];

/** That something keeps the value that it was created with. */
const FIXED = [
  "field is immutable",
  "field is immutable when `immutable` is set",
  "field can not be modified once set",
  "may not change once set",
  "may not be changed once set",
  "may not be changed after creation",
  "cannot change roleRef",
  "updates to parameters are forbidden.",
  "updates to provisioner are forbidden.",
  "updates to reclaimPolicy are forbidden.",
  "updates to volumeBindingMode are forbidden.",
  "spec is immutable after creation except resources.requests",
  "is immutable",
  "can not be updated",
  "cannot be updated",
];

/** Sentences that go on with values, and as what they are shown. */
const HEADS: readonly (readonly [start: string, shown: string])[] = [
  ...["cpu", "memory", "ephemeral-storage"].map((name): [string, string] => {
    const words = `must be less than or equal to ${name} limit`;
    return [words, words];
  }),
  ["min value ", "the minimum is greater than the maximum or a default"],
  ["expected exactly ", "must have five fields, as a schedule of cron"],
  ["error converting fieldPath: ", "must be a field of the Pod that can be read"],
  ["invalid character ", "must be JSON"],
  ["unexpected end of JSON input", "must be JSON"],
  ["updates to statefulset spec ", "updates to this part of a StatefulSet's spec are forbidden"],
  ["pod updates may not change fields other than ", "updates to this part of a Pod are forbidden"],
  [
    "spec is immutable after creation except ",
    "spec is immutable after creation except resources.requests and volumeAttributesClassName",
  ],
];

/** What is known to repeat no value. */
export const SENTENCES = {
  exact: new Set([...NAMES, ...BOUNDS, ...FORMS, ...FIXED]),
  heads: HEADS,
} as const;
