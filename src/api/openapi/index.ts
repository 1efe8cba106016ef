/** Operations: what the API promises, the routes that keep it, and the OpenAPI document that tells it. */
export { Conditions, etagOf } from './conditions.ts';
export { codesOf, openApiDocument } from './document.ts';
export { mount } from './mount.ts';
export { type Call, type Contract, type Operation, operation } from './operation.ts';
export { byAge, isNamed, pageOf } from './pages.ts';
