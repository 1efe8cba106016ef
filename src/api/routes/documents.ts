/** What the appliance says of itself to anybody: the OpenAPI document, and what its errors mean. Neither is secret. */
import { Router } from 'express';
import { VERSION } from '../../version.ts';
import { errorPage } from '../error-catalogue.ts';
import { type Operation, openApiDocument } from '../openapi/index.ts';
import { ERROR_PAGE } from '../problem.ts';

export function documentRoutes(operations: readonly Operation[]): Router {
  const routes = Router();
  // Made when somebody first asks: most appliances are never asked.
  let text: string | undefined;
  routes.get(['/api/openapi.json', '/api/v1/openapi.json'], (_req, res) => {
    text ??= JSON.stringify(openApiDocument(operations, VERSION));
    res.type('application/json').send(text);
  });
  routes.get(ERROR_PAGE, (_req, res) => {
    res.type('text/html').send(errorPage());
  });
  return routes;
}
