with algorithms as (
    select
        certificate_key,
        'public_key' as algorithm_kind,
        public_key_algorithm as algorithm,
        public_key_bits as bits,
        public_key_curve as curve
    from {{ ref('certificates') }}
    union all
    select
        certificate_key,
        'signature' as algorithm_kind,
        signature_algorithm as algorithm,
        null as bits,
        null as curve
    from {{ ref('certificates') }}
)

select
    algorithms.certificate_key,
    algorithms.algorithm_kind,
    algorithms.algorithm,
    algorithms.bits,
    algorithms.curve,
    coalesce(classes.strength, 'unknown') as strength,
    coalesce(classes.quantum, 'unknown') as quantum,
    -- The worst that can be said.
    case
        when classes.strength = 'deprecated' then 'deprecated'
        else coalesce(classes.quantum, classes.strength, 'unknown')
    end as class
from algorithms
left join {{ ref('algorithms') }} as classes
    on algorithms.algorithm_kind = classes.algorithm_kind
    and lower(algorithms.algorithm) = lower(classes.algorithm)
    and (classes.min_bits is null or algorithms.bits >= classes.min_bits)
    and (classes.max_bits is null or algorithms.bits <= classes.max_bits)
