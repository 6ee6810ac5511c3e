/** The words in English of the page of a house's learned policy. */

import type { AutopilotWords } from '..'

export const autopilot: AutopilotWords = {
  'autopilot.help':
    'A program that learned on a model of the house may turn its temperature limits a little, by 3 °C at most. The dangerous limit and all safety stay as they are.',
  'autopilot.unsupported': 'For coops alone so far. Greenhouses have none yet.',
  'autopilot.no_policy': 'This house has no program yet. Ask staff for one.',
  'autopilot.mode': 'What it may do',
  'autopilot.mode.off': 'Off',
  'autopilot.mode.advise': 'Advise',
  'autopilot.mode.auto': 'Do it itself',
  'autopilot.mode_help.off': 'It does nothing. Your rules run as always.',
  'autopilot.mode_help.advise': 'It says what it would change. Nothing changes unless you agree.',
  'autopilot.mode_help.auto':
    'It turns the limits by itself every 5 minutes. When it stops, your own are back within 20 minutes.',
  'autopilot.owner_only': 'Only an owner lets it act by itself.',
  'autopilot.auto_title': 'Let it turn the limits by itself?',
  'autopilot.auto_confirm': 'Yes, let it',
  'autopilot.not_held': 'Waiting for the control box to take it…',
  'autopilot.now': 'Now',
  'autopilot.waiting': 'Nothing was decided lately. The control box decides every 5 minutes.',
  'autopilot.as_set': 'Your limits are held as you set them',
  'autopilot.warmer': 'Limits are held {kelvin} °C warmer',
  'autopilot.cooler': 'Limits are held {kelvin} °C cooler',
  'autopilot.range': 'Heat below {low} °C, air above {high} °C',
  'autopilot.why': 'Why: {reason}',
  'autopilot.advice': 'Its advice',
  'autopilot.accept': 'Agree, for 4 hours',
  'autopilot.accepted': 'Agreed until {time}',
  'autopilot.no_advice': 'It advises no change.',
  'autopilot.refused.none': 'nothing stands in its way',
  'autopilot.refused.policy': 'the program gave no sound answer',
  'autopilot.refused.sensor': 'a sensor is missing, old or not believed',
  'autopilot.refused.astray': 'the house does not do what its model foretold',
  'autopilot.refused.danger': 'the model sees harm coming to the birds',
  'autopilot.refused.settling': 'it watches the house for half an hour first',
  'autopilot.refused.weather': 'nothing measures temperature and humidity outside',
  'autopilot.refused.unready': 'the birds, the floor area or the program are not known',
  'autopilot.refused.unsupported': 'houses of this kind have none yet',
  'autopilot.refused.process': 'the program broke and will be started again',
  'autopilot.model': 'Model and program',
  'autopilot.verified':
    'The model of the poultry house is verified, not validated: its sums are checked, but it was not yet compared with a measured house. Do not rely on it alone.',
  'autopilot.version': 'Version {version}',
}
