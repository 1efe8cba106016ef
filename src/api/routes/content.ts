/** `/api/v1/content`: tasks, stages and all else that the life of machines is made of, section by section. */
import type { Request } from 'express';
import { SECTIONS, type Section } from '../../content/index.ts';
import { TinsmithError } from '../../errors.ts';
import { isNamed, type Operation, operation, pageOf } from '../openapi/index.ts';
import { presentObject } from '../present-content.ts';
import type { Services } from '../services.ts';
import { contentInput, contentInputs, contentObject, contentPut, contentQuery } from '../shapes/content.ts';
import { data, page } from '../shapes/page.ts';

export function contentOperations({ content }: Services): Operation[] {
  return [
    operation(
      {
        id: 'listContent',
        method: 'get',
        path: '/content/:section',
        summary: 'The objects of a section, by name: bootenvs, params, profiles, stages, tasks, templates, workflows.',
        description: '`templates` are texts that several share, `workflows` lists of stages: names of Digital Rebar.',
        query: contentQuery,
        answer: { kind: 'json', shape: page(contentObject) },
        codes: ['NOT_FOUND'],
      },
      ({ params, query }) => {
        const section = sectionOf(params.section);
        const shown = content.list(section).map((object) => presentObject(content, section, object));
        const found = shown.filter(({ name }) => query.name === undefined || isNamed(name, query.name));
        return pageOf(found, ({ name }) => name, query);
      },
    ),
    operation(
      {
        id: 'getContent',
        method: 'get',
        path: '/content/:section/:name',
        summary: 'One object. A slash in its name is written %2F.',
        answer: { kind: 'json', shape: data(contentObject) },
        codes: ['NOT_FOUND'],
        tagged: true,
      },
      ({ params, conditions }) => {
        const section = sectionOf(params.section);
        const object = content.get(section, params.name);
        conditions.shows(object);
        return { data: presentObject(content, section, object) };
      },
    ),
    operation(
      {
        id: 'putContent',
        method: 'put',
        path: '/content/:section/:name',
        summary: 'Make or replace a local object, in our writing or in Digital Rebar’s.',
        description:
          'With `If-None-Match: *` it is made only where there is none, with `If-Match: *` replaced only where there is one.',
        body: { kind: 'json', shape: contentInput, described: contentInputs, limit: '16mb' },
        answer: { kind: 'json', shape: contentPut },
        codes: ['NOT_FOUND', 'CONFLICT'],
        tagged: true,
      },
      async ({ params, body, conditions, req }) => {
        const section = sectionOf(params.section);
        const input = named(section, params.name, body);
        if (content.find(section, params.name) === undefined) refuseToMake(req, section, params.name);
        const { object, unsupported, created } = await content.put(section, input, {
          allow: (before) => {
            refuseToReplace(req, section, params.name);
            conditions.allow(before);
          },
        });
        conditions.shows(object);
        return { data: presentObject(content, section, object), created, unsupported };
      },
    ),
    operation(
      {
        id: 'deleteContent',
        method: 'delete',
        path: '/content/:section/:name',
        summary: 'Delete a local object that nothing uses.',
        answer: { kind: 'json', shape: data(contentObject) },
        codes: ['NOT_FOUND', 'CONFLICT'],
        tagged: true,
      },
      async ({ params, conditions }) => {
        const section = sectionOf(params.section);
        const object = await content.delete(section, params.name, conditions.allow);
        return { data: presentObject(content, section, object) };
      },
    ),
  ];
}

/** @throws TinsmithError NOT_FOUND */
function sectionOf(text: string): Section {
  const section = SECTIONS.find((each) => each === text);
  if (section !== undefined) return section;
  throw new TinsmithError('NOT_FOUND', `Content has no section ${text}.`, {
    next: `Its sections are: ${SECTIONS.join(', ')}.`,
  });
}

/** The input with its name in it. @throws TinsmithError INVALID_INPUT for another name than the path has */
function named(section: Section, name: string, input: Record<string, unknown>): Record<string, unknown> {
  const word = section === 'templates' ? 'id' : 'name';
  // Digital Rebar's writing has capitals.
  const key = Object.keys(input).find((each) => each.toLowerCase() === word);
  if (key === undefined || input[key] === '') return { ...input, [key ?? word]: name };
  if (input[key] === name) return input;
  throw new TinsmithError('INVALID_INPUT', `The object is named ${String(input[key])}; its path says ${name}.`, {
    next: 'Give it one name; a slash in a path is written %2F.',
    problems: [{ field: key, message: `is not ${name}` }],
  });
}

/** @throws TinsmithError PRECONDITION_FAILED where only a version that there is was to be replaced */
function refuseToMake({ headers }: Request, section: Section, name: string): void {
  const wanted = headers['if-match'];
  if (wanted === undefined) return;
  throw new TinsmithError('PRECONDITION_FAILED', `There is no ${name} in ${section}, and If-Match names ${wanted}.`, {
    next: 'See which there are, or leave If-Match out to make it.',
  });
}

/** @throws TinsmithError PRECONDITION_FAILED where it was to be made only */
function refuseToReplace({ headers }: Request, section: Section, name: string): void {
  if (headers['if-none-match'] !== '*') return;
  throw new TinsmithError('PRECONDITION_FAILED', `There is ${name} in ${section} already.`, {
    next: 'Take another name, or replace it: leave If-None-Match out.',
  });
}
