-- What came of a listing whose COMMIT was not answered.
SELECT
    outcome,
    inserted,
    updated,
    unchanged,
    missing,
    vanished,
    returned,
    quarantined,
    duplicates
FROM collector.listing
WHERE listing_id = $1
