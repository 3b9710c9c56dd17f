{# Hexadecimal digits as all write them: in lower case, with nothing before or among them. #}
{% macro hexadecimal(column) -%}
    nullif(regexp_replace(lower({{ column }}), '^0x|[^0-9a-z]', '', 'g'), '')
{%- endmacro %}

{#
    What a certificate is known by that nobody shows: its serial number and the second of its end.

    Null where that does not tell it from others. A public serial number has at least 64 random bits (CA/Browser Forum Baseline Requirements,
    7.1), of which the first digits may be zero; a shorter one is counted, and many authorities of one's own begin with 1.
#}
{% macro identifying_serial(serial_number, not_after) -%}
    {%- set serial = "ltrim(" ~ cdn_certs.hexadecimal(serial_number) ~ ", '0')" -%}
    case
        when length({{ serial }}) >= 14 then 'serial ' || {{ serial }} || ' until ' || cast(date_trunc('second', {{ not_after }}) as text)
    end
{%- endmacro %}
