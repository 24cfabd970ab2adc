-- Every claim planned the same statement anew for each urgency and queue (its plan with the values at hand is thought cheaper each
-- time): 55 µs of a session every time. The plan without them is the same, the walk along `message_due`.
alter function claim_messages(text, text[], text[], text[], integer) set plan_cache_mode = force_generic_plan;
