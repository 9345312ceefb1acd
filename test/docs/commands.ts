/** A heading of a page, and the lines of its `sh` blocks. */
export interface Section {
  readonly heading: string;
  readonly lines: readonly string[];
}

/** What a person is to type, section by section. */
export const sectionsOf = (page: string): Section[] =>
  page.split(/^#+ /m).map((section) => ({
    heading: section.slice(0, section.indexOf('\n')),
    lines: [...section.matchAll(/^```sh\n([\s\S]*?)^```/gm)].flatMap(([, block = '']) =>
      block.trim().split('\n'),
    ),
  }));

/** Lines that ask AWS: on the account that test/system/deploy.test.ts stands in for, they are run there. */
export const asksAws = (line: string): boolean => /(^|[|(;]|\bdo) *aws /.test(line);
