import type { FunctionMap, TemplateFunction } from '../gotemplate/index.ts';

const SAME_RESULT = 'the same template must give the same result';

/** What each group of sprig's functions depends on that is not in the template and its data. */
const NOT_HERMETIC: Readonly<Record<string, readonly string[]>> = {
  'the time of the call': ['now', 'ago'],
  "the server's environment": ['env', 'expandenv'],
  'the network': ['getHostByName'],
  chance: [
    'bcrypt',
    'encryptAES',
    'genCA',
    'genCAWithKey',
    'genPrivateKey',
    'genSelfSignedCert',
    'genSelfSignedCertWithKey',
    'genSignedCert',
    'genSignedCertWithKey',
    'htpasswd',
    'randAlpha',
    'randAlphaNum',
    'randAscii',
    'randBytes',
    'randInt',
    'randNumeric',
    'shuffle',
    'uuidv4',
  ],
};

/** Functions of sprig that exist and may not be called: a template with one of them is refused when it is read. */
export const REFUSED: FunctionMap = new Map(
  Object.entries(NOT_HERMETIC).flatMap(([source, names]) =>
    names.map((name): [string, TemplateFunction] => [
      name,
      refusal(`is not hermetic: its result depends on ${source}, and ${SAME_RESULT}`),
    ]),
  ),
);

function refusal(refused: string): TemplateFunction {
  return { min: 0, max: Number.POSITIVE_INFINITY, call: () => null, refused };
}
