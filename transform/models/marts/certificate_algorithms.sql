with algorithms as (
    select
        certificate_key,
        'public_key' as algorithm_kind,
        public_key_algorithm as algorithm,
        public_key_bits as bits,
        public_key_curve as curve,
        {{ text('null') }} as digest
    from {{ ref('certificates') }}
    union all
    select
        certificate_key,
        'signature' as algorithm_kind,
        signature_algorithm as algorithm,
        null as bits,
        null as curve,
        signature_hash as digest
    from {{ ref('certificates') }}
),

classed as (
    select
        algorithms.*,
        -- A signature is as weak as the digest that it is of.
        case when hashes.strength = 'deprecated' then hashes.strength else classes.strength end as strength,
        classes.quantum
    from algorithms
    left join {{ ref('algorithms') }} as classes
        on algorithms.algorithm_kind = classes.algorithm_kind
        and lower(algorithms.algorithm) = lower(classes.algorithm)
        and (classes.min_bits is null or algorithms.bits >= classes.min_bits)
        and (classes.max_bits is null or algorithms.bits <= classes.max_bits)
    left join {{ ref('algorithms') }} as hashes
        on hashes.algorithm_kind = 'signature_hash'
        and lower(algorithms.digest) = lower(hashes.algorithm)
)

select
    certificate_key,
    algorithm_kind,
    algorithm,
    bits,
    curve,
    digest as {{ reserved('hash') }},
    coalesce(strength, 'unknown') as strength,
    coalesce(quantum, 'unknown') as quantum,
    -- The worst that can be said.
    case
        when strength = 'deprecated' then 'deprecated'
        else coalesce(quantum, strength, 'unknown')
    end as class
from classed
