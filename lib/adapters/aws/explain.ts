/** What an operator makes of an error, by the name that AWS gives it. */
const KINDS = {
  // https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html, and the others' pages
  throttled: [
    'ProvisionedThroughputExceededException',
    'RequestLimitExceeded',
    'RequestThrottled',
    'SlowDown',
    'Throttling',
    'ThrottlingException',
    'ThrottledException',
    'TooManyRequestsException',
    'EC2ThrottledException',
  ],
  'not there': [
    'AWS.SimpleQueueService.NonExistentQueue',
    'NoSuchBucket',
    'QueueDoesNotExist',
    'ResourceNotFoundException',
  ],
  // EC2 and RDS have names of their own for it: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
  'access denied': [
    'AccessDenied',
    'AccessDeniedException',
    'AuthFailure',
    'NotAuthorized',
    'UnauthorizedOperation',
    'AuthorizationErrorException',
  ],
  // https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/CommonErrors.html
  'our credentials are not taken': [
    'ExpiredTokenException',
    'IncompleteSignature',
    'IncompleteSignatureException',
    'InvalidSignatureException',
    'MissingAuthenticationTokenException',
    'UnrecognizedClientException',
    'InvalidClientTokenId',
    'SignatureDoesNotMatch',
    'ExpiredToken',
    'InvalidAccessKeyId',
  ],
  'we have no credentials': ['CredentialsProviderError', 'TokenProviderError'],
};

const WORDS = new Map(Object.entries(KINDS).flatMap(([words, names]) => names.map((name) => [name, words])));

/** Whether it says that we may not, or that we ask too much; undefined: anything else. */
export function kindOf(error: unknown): 'denied' | 'throttled' | undefined {
  const { name = '', $metadata } = Object(error) as Fault;
  const words = WORDS.get(name);
  if (words === 'throttled' || $metadata?.httpStatusCode === 429) return 'throttled';
  if (words !== undefined && words !== 'not there') return 'denied';
  return $metadata?.httpStatusCode === 403 ? 'denied' : undefined;
}

/** What the errors of the SDK, of Node's sockets and our own have between them. */
interface Fault {
  readonly name?: string;
  readonly message?: string;
  readonly code?: string;
  readonly $fault?: 'client' | 'server';
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/**
 * What went wrong with a call to AWS, in a few words: `throttled (ThrottlingException)`. What the service says is
 * left out: about a bad signature it repeats headers of the request, the session token among them.
 */
export function explain(error: unknown): string {
  const { name = '', message = '', code, $fault, $metadata } = Object(error) as Fault;
  const words = WORDS.get(name);
  if (words) return `${words} (${name})`;
  if (code) return `unreachable (${code})`;
  const status = $metadata?.httpStatusCode;
  // Nothing was answered, so these are words of this process; of our own parameters the service may speak too.
  if (status === undefined || name === 'ValidationException') return line(message);
  if (!$fault) return `an answer that makes no sense (HTTP ${status})`;
  return `failed (${/^\w{1,64}$/.test(name) ? name : 'no name'}, HTTP ${status})`;
}

const line = (text: string): string => text.replaceAll(/\s+/g, ' ').slice(0, 200);
