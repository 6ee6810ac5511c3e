/** The words in English of the page that says where else alerts reach a person. */

import type { ChannelWords } from '..'

export const channels: ChannelWords = {
  'channels.help':
    'Every alert is always in the app. Here you can have them come to other places as well.',
  'channels.this_phone': 'This phone',
  'channels.push_help': 'This phone tells you even while the app is closed.',
  'channels.push_lapsed': 'Alerts no longer come to this phone. Turn them on again.',
  'channels.push_on': 'Turn on on this phone',
  'channels.push.insecure': 'This needs an address that begins with https://.',
  'channels.push.unsupported':
    'This browser can’t. On an iPhone, first put the app on the home screen.',
  'channels.push.blocked':
    'You have blocked notifications. Allow them in the settings of your browser.',
  'channels.push.failed':
    'This phone can’t reach its notification service. Check the internet and try again.',
  'channels.kind.web_push': 'Phone',
  'channels.kind.email': 'E-mail',
  'channels.kind.telegram': 'Telegram',
  'channels.kind.sms': 'SMS',
  'channels.add_title': 'Add another place',
  'channels.add': 'Add',
  'channels.address.email': 'E-mail address',
  'channels.address.sms': 'Phone number',
  'channels.address.telegram': 'Telegram chat number',
  'channels.telegram_bot':
    'First write to Tokkatot’s bot, then enter your chat’s number, which @userinfobot tells you. If you have a bot of your own, enter tgram://TOKEN/CHAT.',
  'channels.telegram_own': 'Enter tgram://TOKEN/CHAT of a bot of your own.',
  'channels.code_help': 'We have sent a code of 6 digits there.',
  'channels.code': 'Code',
  'channels.code_confirm': 'Confirm',
  'channels.code_again': 'Send a new code',
  'channels.least': 'Tell me of',
  'channels.least.info': 'Everything',
  'channels.least.warning': 'Warnings, urgent',
  'channels.least.critical': 'Urgent alone',
  'channels.test': 'Test',
  'channels.testing': 'Sending…',
  'channels.remove': 'Remove',
  'channels.remove_question': 'Remove {name}?',
  'channels.remove_help': 'Alerts no longer come there. They stay in the app.',
  'channels.sent': 'sent {age}',
  'channels.failed': 'not delivered {age}: {why}',
  'channels.failure.not_offered': 'this service was turned off here',
  'channels.failure.no_answer': 'the service did not answer',
  'channels.failure.busy': 'the service was busy',
  'channels.failure.refused': 'the service refused it',
  'channels.failure.gone': 'the address is no longer there',
  'channels.failure.late': 'it was too late',
}
