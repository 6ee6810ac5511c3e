/** Where each page lives, and who may be there. */

import type { Component } from 'vue'
import {
  createRouter,
  createWebHistory,
  type RouteLocationRaw,
  type RouteRecordRaw,
} from 'vue-router'

import { HUB_ID } from '@/lib/hub'
import { loadWords } from '@/lib/i18n'
import { arrived, goesTo, stayed } from '@/lib/worker'
import { useSession } from '@/stores/session'

declare module 'vue-router' {
  interface RouteMeta {
    /** For people who are not logged in too. */
    open?: boolean
  }
}

const open = { open: true }

type Loaded = () => Promise<{ default: Component }>

/** Loads a page of schedules or rules together with its words, which no other page needs. */
function planned(page: Loaded): Loaded {
  return async () => (await Promise.all([page(), loadWords('plan')]))[0]
}

/** The same for a page of messages and alarms, whose forms have parts of schedules. */
function warned(page: Loaded): Loaded {
  return async () => (await Promise.all([page(), loadWords('plan', 'alarm')]))[0]
}

const HOUSE = 'farms/:farm/houses/:house'
const watched: RouteRecordRaw[] = [
  {
    path: `${HOUSE}/devices/:device`,
    component: warned(() => import('@/pages/DevicePage.vue')),
  },
  { path: `${HOUSE}/alarms`, component: warned(() => import('@/pages/AlarmsPage.vue')) },
  ...['new', ':alarm'].map((rest) => ({
    path: `${HOUSE}/alarms/${rest}`,
    component: warned(() => import('@/pages/AlarmEditPage.vue')),
  })),
]
const plans: RouteRecordRaw[] = [
  { path: `${HOUSE}/schedules`, component: planned(() => import('@/pages/SchedulesPage.vue')) },
  ...['new', ':schedule/edit'].map((rest) => ({
    path: `${HOUSE}/schedules/${rest}`,
    component: planned(() => import('@/pages/ScheduleEditPage.vue')),
  })),
  {
    path: `${HOUSE}/schedules/:schedule`,
    component: planned(() => import('@/pages/SchedulePage.vue')),
  },
  { path: `${HOUSE}/rules`, component: planned(() => import('@/pages/RulesPage.vue')) },
  ...['new', ':rule'].map((rest) => ({
    path: `${HOUSE}/rules/${rest}`,
    component: planned(() => import('@/pages/RuleEditPage.vue')),
  })),
  { path: `${HOUSE}/setpoints`, component: planned(() => import('@/pages/SetpointsPage.vue')) },
]

export const router = createRouter({
  history: createWebHistory(),
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
  routes: [
    {
      path: '/login',
      component:
        HUB_ID === null
          ? () => import('@/pages/LoginPage.vue')
          : () => import('@/pages/HubEntryPage.vue'),
      meta: open,
    },
    { path: '/signup', component: () => import('@/pages/SignupPage.vue'), meta: open },
    { path: '/forgot', component: () => import('@/pages/ForgotPage.vue'), meta: open },
    { path: '/', redirect: start },
    {
      path: '/',
      component: async () => (await Promise.all([import('@/SignedIn.vue'), loadWords('farm')]))[0],
      children: [
        { path: 'farms', component: () => import('@/pages/FarmsPage.vue') },
        { path: 'farms/:farm', component: () => import('@/pages/HousesPage.vue') },
        { path: 'farms/:farm/houses/new', component: () => import('@/pages/NewHousePage.vue') },
        { path: 'farms/:farm/houses/:house', component: () => import('@/pages/HousePage.vue') },
        {
          path: 'farms/:farm/houses/:house/settings',
          component: () => import('@/pages/HouseSettingsPage.vue'),
        },
        ...plans,
        {
          path: `${HOUSE}/droppings`,
          component: warned(() => import('@/pages/DroppingsPage.vue')),
        },
        {
          path: `${HOUSE}/autopilot`,
          component: async () =>
            (
              await Promise.all([
                import('@/pages/AutopilotPage.vue'),
                loadWords('autopilot', 'twin'),
              ])
            )[0],
        },
        {
          path: `${HOUSE}/days`,
          component: async () =>
            (await Promise.all([import('@/pages/DaysPage.vue'), loadWords('twin')]))[0],
        },
        {
          path: `${HOUSE}/what-if`,
          component: async () =>
            (await Promise.all([import('@/pages/WhatIfPage.vue'), loadWords('twin')]))[0],
        },
        ...watched,
        { path: 'farms/:farm/alerts', component: () => import('@/pages/AlertsPage.vue') },
        { path: 'farms/:farm/alerts/:alert', component: () => import('@/pages/AlertPage.vue') },
        { path: 'messages', component: warned(() => import('@/pages/MessagesPage.vue')) },
        { path: 'farms/:farm/history', component: () => import('@/pages/HistoryPage.vue') },
        { path: 'farms/:farm/events', component: () => import('@/pages/EventsPage.vue') },
        { path: 'farms/:farm/settings', component: () => import('@/pages/FarmPage.vue') },
        { path: 'farms/:farm/direct', component: () => import('@/pages/DirectPage.vue') },
        {
          path: 'farms/:farm/turns',
          component: warned(() => import('@/pages/TurnsPage.vue')),
        },
        { path: 'farms/:farm/members', component: () => import('@/pages/MembersPage.vue') },
        { path: 'settings', component: () => import('@/pages/SettingsPage.vue') },
        {
          path: 'settings/messages',
          component: warned(() => import('@/pages/SubscriptionsPage.vue')),
        },
        { path: 'settings/verify', component: () => import('@/pages/VerifyPage.vue') },
        { path: 'settings/password', component: () => import('@/pages/PasswordPage.vue') },
        {
          path: 'settings/channels',
          component: async () =>
            (await Promise.all([import('@/pages/ChannelsPage.vue'), loadWords('channels')]))[0],
        },
        { path: 'settings/sessions', component: () => import('@/pages/SessionsPage.vue') },
      ],
    },
    { path: '/:rest(.*)*', component: () => import('@/pages/NotFoundPage.vue'), meta: open },
  ],
})

/** The first page: the only farm, else the one of last time, else the choice. */
function start(): RouteLocationRaw {
  const { farms, last_farm } = useSession()
  const only = farms.length === 1 ? farms[0] : undefined
  const again = farms.find(({ id }) => id === last_farm)
  const farm = only ?? again
  return farm === undefined ? '/farms' : `/farms/${farm.id}`
}

router.beforeEach((to) => {
  goesTo(to.fullPath)
  const { signed_in } = useSession()
  if (!signed_in && to.meta.open !== true) {
    const nowhere = to.path === '/' || to.redirectedFrom?.path === '/'
    return { path: '/login', query: nowhere ? {} : { to: to.fullPath } }
  }
  return signed_in && to.path === '/login' ? '/' : true
})

router.afterEach((_to, _from, failure) => {
  if (failure === undefined) arrived()
})
router.onError(stayed)
