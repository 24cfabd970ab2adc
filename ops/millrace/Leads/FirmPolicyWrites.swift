internal import Postgres
internal import Values

/// Policies are replaced as a whole.
extension FirmDifference {
  func write(policies rows: [Firm.Policy], _ session: Connection) throws(PostgresError) {
    _ = try session.rows("delete from protection_policy")
    _ = try session.rows(
      """
      insert into protection_policy (branch_id, product, level, period_days, working_days, extension_days, maximum_days,
        reminder_days, last_morning, reclaim_to)
      select b.id, a.product, a.level, a.days, a.working_days, a.extension_days, a.maximum_days,
        string_to_array(a.reminders, ',')::int[], a.last_morning::time, a.reclaim_to
      from unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::bool[], $6::int[], $7::int[], $8::text[],
        $9::text[], $10::text[]) a (branch, product, level, days, working_days, extension_days, maximum_days, reminders,
          last_morning, reclaim_to)
        left join branch b on b.code = a.branch
      """
    ) {
      $0.texts(rows) { $0.branch }
      $0.texts(rows) { $0.product }
      $0.texts(rows) { $0.level }
      $0.smalls(rows) { Int32($0.days) }
      $0.booleans(rows) { $0.workingDays }
      $0.smalls(rows) { $0.extensionDays.map { Int32($0) } }
      $0.smalls(rows) { $0.maximum.map { Int32($0) } }
      $0.texts(rows) { $0.reminders.map { String($0) }.joined(separator: ",") }
      $0.texts(rows) { $0.lastMorning }
      $0.texts(rows) { $0.reclaimTo }
    }
  }

  func write(pools rows: [Firm.Pool], _ session: Connection) throws(PostgresError) {
    _ = try session.rows("delete from pool_policy")
    _ = try session.rows(
      """
      insert into pool_policy (branch_id, claim_delay_minutes, claims_a_day, cool_off_days, unclaimed_days, unclaimed_to,
        transfer_clock)
      select b.id, a.claim_delay, a.claims, a.cool_off, a.unclaimed, a.unclaimed_to, a.transfer_clock
      from unnest($1::text[], $2::int[], $3::int[], $4::int[], $5::int[], $6::text[], $7::text[])
        a (branch, claim_delay, claims, cool_off, unclaimed, unclaimed_to, transfer_clock)
        left join branch b on b.code = a.branch
      """
    ) {
      $0.texts(rows) { $0.branch }
      $0.smalls(rows) { Int32($0.claimDelay) }
      $0.smalls(rows) { $0.claimsADay.map { Int32($0) } }
      $0.smalls(rows) { Int32($0.coolOff) }
      $0.smalls(rows) { $0.unclaimed.map { Int32($0) } }
      $0.texts(rows) { $0.unclaimedTo }
      $0.texts(rows) { $0.transferClock }
    }
  }

  func write(steps rows: [Firm.Step], _ session: Connection) throws(PostgresError) {
    _ = try session.rows("delete from step_policy")
    _ = try session.rows(
      """
      insert into step_policy (branch_id, level, within_minutes, remind_minutes, then_do)
      select b.id, a.level, a.within, a.remind, a.then_do
      from unnest($1::text[], $2::text[], $3::int[], $4::int[], $5::text[]) a (branch, level, within, remind, then_do)
        left join branch b on b.code = a.branch
      """
    ) {
      $0.texts(rows) { $0.branch }
      $0.texts(rows) { $0.level }
      $0.smalls(rows) { Int32($0.within) }
      $0.smalls(rows) { $0.remind.map { Int32($0) } }
      $0.texts(rows) { $0.then }
    }
  }
}
