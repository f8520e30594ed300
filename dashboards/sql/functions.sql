    -- An amount in major units: minor ones are hundredths, but for some currencies.
    (amount, currency) -> amount / multiIf(
        currency IN ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI', 'VND', 'VUV', 'XAF', 'XOF', 'XPF'), 1,
        currency IN ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND'), 1000,
        100) AS money,
    -- A plate with hyphens, if it is Dutch: the sizes of its first two groups.
    (plate, country) -> if(country NOT IN ('', 'NL'), 0, transform(
        replaceRegexpAll(replaceRegexpAll(plate, '[A-Z]', 'X'), '[0-9]', '9'),
        ['XX9999', '9999XX', '99XX99', 'XX99XX', 'XXXX99', '99XXXX', '99XXX9', '9XXX99', 'XX999X', 'X999XX', 'XXX99X', 'X99XXX', '9XX999', '999XX9'],
        [22, 22, 22, 22, 22, 22, 23, 13, 23, 13, 32, 12, 12, 32], 0)) AS groups,
    (plate, country) -> if(groups(plate, country) = 0, toString(plate), concat(
        substring(plate, 1, intDiv(groups(plate, country), 10)), '-',
        substring(plate, intDiv(groups(plate, country), 10) + 1, groups(plate, country) % 10), '-',
        substring(plate, intDiv(groups(plate, country), 10) + groups(plate, country) % 10 + 1))) AS shown,
    -- The opening time up to an instant, in microseconds, by the last interval of
    -- the calendar that starts before it.
    (at, starts_at, ends_at, before_micros) -> before_micros + dateDiff('microsecond', starts_at, least(ends_at, at)) AS opened
