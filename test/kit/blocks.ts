/** What we use of Slack's Block Kit: https://docs.slack.dev/reference/block-kit/blocks/ */
export interface Block {
  readonly type: string;
  readonly text?: Text;
  readonly fields?: readonly Text[];
  readonly elements?: readonly Text[];
}

export interface Text {
  readonly type: string;
  readonly text: string;
}
