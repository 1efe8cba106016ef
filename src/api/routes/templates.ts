/** `/api/v1/templates` */

import { TinsmithError } from '../../errors.ts';
import { checkTemplate } from '../../workflows/template/index.ts';
import { byAge, isNamed, type Operation, operation, pageOf } from '../openapi/index.ts';
import { presentTemplate } from '../present.ts';
import type { Services } from '../services.ts';
import { data, page } from '../shapes/page.ts';
import {
  lintedTemplate,
  lintQuery,
  renderBody,
  renderedTemplate,
  template,
  templatesQuery,
} from '../shapes/template.ts';

const yaml = { kind: 'text', type: 'application/yaml', limit: '2mb' } as const;

export function templateOperations({ templates, workflows }: Services): Operation[] {
  return [
    operation(
      {
        id: 'listTemplates',
        method: 'get',
        path: '/templates',
        summary: 'Templates, the oldest first.',
        query: templatesQuery,
        answer: { kind: 'json', shape: page(template) },
      },
      async ({ query }) => {
        const all = await templates.list();
        const found = all.filter(({ name }) => query.name === undefined || isNamed(name, query.name));
        const { data: records, next } = pageOf(found, byAge, query);
        return { data: records.map(presentTemplate), next };
      },
    ),
    operation(
      {
        id: 'createTemplate',
        method: 'post',
        path: '/templates',
        summary: 'Add a template; its name is in the YAML.',
        query: lintQuery,
        body: yaml,
        answer: { kind: 'json', shape: data(template), status: 201 },
        codes: ['CONFLICT'],
        tagged: true,
      },
      async ({ query, body, conditions }) => {
        const record = await templates.create(body, query.lenient);
        conditions.shows(record);
        return { data: presentTemplate(record) };
      },
    ),
    operation(
      {
        id: 'getTemplate',
        method: 'get',
        path: '/templates/:reference',
        summary: 'One template, by id or name.',
        answer: { kind: 'json', shape: data(template) },
        codes: ['NOT_FOUND'],
        tagged: true,
      },
      ({ params, conditions }) => {
        const record = templates.find(params.reference);
        conditions.shows(record);
        return { data: presentTemplate(record) };
      },
    ),
    operation(
      {
        id: 'replaceTemplate',
        method: 'put',
        path: '/templates/:reference',
        summary: 'Replace the YAML of a template; workflows made from it stay as they are.',
        query: lintQuery,
        body: yaml,
        answer: { kind: 'json', shape: data(template) },
        codes: ['NOT_FOUND', 'CONFLICT'],
        tagged: true,
      },
      async ({ params, query, body, conditions }) => {
        const record = await templates.update(params.reference, body, conditions.allow, query.lenient);
        conditions.shows(record);
        return { data: presentTemplate(record) };
      },
    ),
    operation(
      {
        id: 'deleteTemplate',
        method: 'delete',
        path: '/templates/:reference',
        summary: 'Delete a template; workflows made from it stay.',
        answer: { kind: 'json', shape: data(template) },
        codes: ['NOT_FOUND'],
        tagged: true,
      },
      async ({ params, conditions }) => ({
        data: presentTemplate(await templates.delete(params.reference, conditions.allow)),
      }),
    ),
    operation(
      {
        id: 'lintTemplate',
        method: 'post',
        path: '/templates/lint',
        summary: 'Check a template; nothing is stored.',
        query: lintQuery,
        body: yaml,
        answer: { kind: 'json', shape: data(lintedTemplate) },
      },
      ({ query: { lenient = false }, body }) => ({ data: linted(body, lenient) }),
    ),
    operation(
      {
        id: 'renderTemplate',
        method: 'post',
        path: '/templates/render',
        summary: 'Show what a template becomes for a machine; nothing is stored.',
        body: { kind: 'json', shape: renderBody, limit: '4mb' },
        answer: { kind: 'json', shape: data(renderedTemplate) },
        codes: ['NOT_FOUND'],
      },
      ({ body: { template: reference = '', data: text, lenient, hardware = {}, machine, secrets } }) => ({
        data: workflows.preview({
          ...(text === undefined ? { template: reference } : { data: text, lenient }),
          devices: hardware,
          ...(machine === undefined ? {} : { machine }),
          ...(secrets === undefined ? {} : { secrets }),
        }),
      }),
    ),
  ];
}

/** What is wrong with a template, as an answer and not as an error. */
function linted(text: string, lenient: boolean) {
  try {
    return { ...checkTemplate(text, { lenient }), problems: [] };
  } catch (error) {
    if (error instanceof TinsmithError && error.code === 'INVALID_INPUT') {
      return { warnings: [], problems: [...error.problems] };
    }
    throw error;
  }
}
